// A header sorts its table: numbers by size, all else as text, what is missing last.
"use strict";
(() => {
  const value = (row, place) => {
    const text = row.cells[place].textContent;
    const number = Number(text.replace(/%$/, ""));
    return text === "-" || text === "" ? null : Number.isNaN(number) ? text : number;
  };
  const compare = (one, other) => {
    if (typeof one === typeof other) return one < other ? -1 : Number(one > other);
    return typeof one === "number" ? -1 : 1;
  };
  const sort = (header, place) => {
    const table = header.closest("table");
    const falling = header.ariaSort === "ascending";
    for (const cell of header.parentNode.cells) cell.ariaSort = null;
    header.ariaSort = falling ? "descending" : "ascending";
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => [value(row, place), row]);
    const known = rows.filter(([key]) => key !== null).sort(([one], [other]) => compare(one, other));
    if (falling) known.reverse();
    body.append(...[...known, ...rows.filter(([key]) => key === null)].map(([, row]) => row));
  };
  for (const header of document.querySelectorAll(".rows th")) {
    header.querySelector("button").addEventListener("click", () => sort(header, header.cellIndex));
  }
})();
