// Draws what `chart-data` holds into the figures of the page, with the library that stands before this script.
"use strict";
(() => {
  const { createChart, createTextWatermark, AreaSeries, BaselineSeries, LineSeries } = LightweightCharts;
  const data = JSON.parse(document.getElementById("chart-data").textContent);
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const LEFT = -1; // the library's name for the nearest point before

  const inDigits = (digits) => {
    const numbers = new Intl.NumberFormat("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
    return (value) => numbers.format(value);
  };
  const amount = inDigits(2);
  const FORMATS = { amount, ratio: amount, share: (value) => `${amount(value * 100)}%` };
  const LOOKS = {
    equity: () => [AreaSeries, { lineColor: colour("l0"), topColor: colour("band"), bottomColor: "transparent" }],
    fall: () => [BaselineSeries, { baseValue: { type: "price", price: 0 }, topLineColor: colour("loss"),
      bottomLineColor: colour("loss"), topFillColor1: "transparent", topFillColor2: "transparent",
      bottomFillColor1: "transparent", bottomFillColor2: colour("loss") }],
    exposure: () => [AreaSeries, { lineColor: colour("l4"), topColor: "transparent", bottomColor: "transparent",
      lineType: 1 }],
    ratio: () => [BaselineSeries, { topLineColor: colour("gain"), bottomLineColor: colour("loss"),
      topFillColor1: "transparent", topFillColor2: "transparent",
      bottomFillColor1: "transparent", bottomFillColor2: "transparent" }],
    line: (place, lines) => [LineSeries, { color: colour(`l${place % 8}`), lineStyle: place < 8 ? 0 : 2,
      lastValueVisible: lines <= 6 }],
  };

  const points = ({ times, values }) => times.map((time, place) => ({ time: time / 1000, value: values[place] }));
  const moment = (seconds, day) => new Date(seconds * 1000).toISOString().slice(0, day ? 10 : 19).replace("T", " ");
  const inDays = ({ times }) => times.length < 2 || (times.at(-1) - times[0]) / (times.length - 1) > 0.5 * 86_400_000;

  // A chart, its legend and the time that it shows, in a figure.
  class Drawing {
    constructor(figure, lines) {
      this.days = lines.every(inDays);
      this.legend = figure.appendChild(document.createElement("figcaption"));
      this.legend.className = "legend";
      this.plot = figure.appendChild(document.createElement("div"));
      this.plot.className = "plot";
      this.chart = createChart(this.plot, this.options());
      this.entries = [];
      this.shown = document.createElement("output");
      this.chart.timeScale().subscribeVisibleTimeRangeChange((range) => this.tell(range));
      this.chart.subscribeCrosshairMove((at) => this.entries.forEach((entry) => entry.tell(at)));
      this.chart.subscribeDblClick(() => this.chart.timeScale().fitContent());
      selectable(this.plot, this.chart);
    }

    options() {
      return {
        autoSize: true,
        layout: { background: { color: "transparent" }, textColor: colour("quiet"), attributionLogo: false,
          panes: { separatorColor: colour("line") } },
        grid: { vertLines: { color: colour("line") }, horzLines: { color: colour("line") } },
        rightPriceScale: { borderVisible: false },
        timeScale: { borderVisible: false, fixLeftEdge: true, fixRightEdge: true, minBarSpacing: 0.001,
          lockVisibleTimeRangeOnResize: true, timeVisible: !this.days, secondsVisible: !this.days },
        crosshair: { mode: 0 },
        localization: { locale: "en", timeFormatter: (time) => moment(time, this.days) },
        handleScroll: { mouseWheel: false, pressedMouseMove: false, horzTouchDrag: true, vertTouchDrag: false },
        handleScale: { mouseWheel: false, pinch: true, axisPressedMouseMove: { time: true, price: false } },
      };
    }

    add(title, line, look, format, pane = 0) {
      const [kind, options] = look;
      const priceFormat = { type: "custom", formatter: format, minMove: 1e-8 };
      const all = { lineWidth: 2, priceLineVisible: false, ...options, priceFormat };
      const series = this.chart.addSeries(kind, all, pane);
      series.setData(points(line));
      const entry = document.createElement("span");
      const swatch = entry.appendChild(document.createElement("i"));
      swatch.style.background = options.color ?? options.lineColor ?? options.topLineColor;
      const words = entry.appendChild(document.createElement("span"));
      this.legend.append(entry);
      const tell = ({ logical }) => {
        const point = logical === undefined ? null : series.dataByIndex(logical, LEFT);
        words.textContent = `${title} ${format(point?.value ?? line.values.at(-1))}`;
      };
      tell({});
      this.entries.push({ tell });
      return series;
    }

    show() {
      this.legend.append(this.shown);
      this.chart.timeScale().fitContent();
    }

    tell(range) {
      this.shown.textContent = range ? `${moment(range.from, this.days)} to ${moment(range.to, this.days)}` : "";
    }
  }

  // With the mouse a stretch of time is chosen; with Shift the chart is moved.
  function selectable(plot, chart) {
    const scale = chart.timeScale();
    const place = ({ clientX }) => Math.min(Math.max(clientX - plot.getBoundingClientRect().left, 0), scale.width());
    const within = ({ clientX, clientY }) => {
      const { left, bottom } = plot.getBoundingClientRect();
      return clientX - left < scale.width() && clientY < bottom - scale.height();
    };
    const show = (from, to) => {
      if (to - from < 5) return;
      scale.setVisibleLogicalRange({ from: scale.coordinateToLogical(from), to: scale.coordinateToLogical(to) });
    };
    plot.addEventListener("pointerdown", (event) => {
      if (event.pointerType !== "mouse" || event.button !== 0) return;
      chart.applyOptions({ handleScroll: { pressedMouseMove: event.shiftKey } });
      if (!event.shiftKey && within(event)) choose(plot, event, place, show);
    }, true);
  }

  // Marks what is chosen until the button is released, and hands it over, from left to right.
  function choose(plot, { clientX }, place, done) {
    const start = place({ clientX });
    const band = document.createElement("div");
    band.className = "band";
    const ended = new AbortController();
    const on = (name, does) => window.addEventListener(name, does, { signal: ended.signal });
    const end = () => {
      ended.abort();
      band.remove();
    };
    on("pointermove", (event) => {
      const now = place(event);
      band.style.left = `${Math.min(start, now)}px`;
      band.style.width = `${Math.abs(now - start)}px`;
      plot.append(band);
    });
    on("pointercancel", end);
    on("pointerup", (event) => {
      end();
      done(Math.min(start, place(event)), Math.max(start, place(event)));
    });
  }

  function drawAccount(figure) {
    const drawing = new Drawing(figure, data.account);
    data.account.forEach(({ title, unit, format, look, ...line }, pane) => {
      drawing.add(`${title} ${unit}`.trim(), line, LOOKS[look](), FORMATS[format], pane);
    });
    drawing.chart.panes().forEach((pane, place) => {
      pane.setStretchFactor(place ? 1 : 2);
      createTextWatermark(pane, { horzAlign: "left", vertAlign: "top",
        lines: [{ text: data.account[place].title, color: colour("quiet"), fontSize: 12 }] });
    });
    drawing.show();
    return drawing;
  }

  function drawStrategies(figure) {
    const drawing = new Drawing(figure, data.strategies);
    data.strategies.forEach((line, place, lines) => {
      drawing.add(line.title, line, LOOKS.line(place, lines.length), FORMATS.amount);
    });
    drawing.show();
    return drawing;
  }

  function drawSymbol(figure, symbol) {
    const drawing = new Drawing(figure, [symbol]);
    const series = drawing.add(symbol.title, symbol, LOOKS.line(7, 1), inDigits(symbol.decimals));
    const trades = new TradesOnPrices(symbol, colour);
    series.attachPrimitive(trades);
    const words = drawing.legend.appendChild(document.createElement("span"));
    const counts = [
      [symbol.trades.length, symbol.trades_in_all, "round trips"],
      [symbol.buy.times.length + symbol.sell.times.length, symbol.fills_in_all, "fills"],
    ].map(([shown, all, what]) => (shown < all ? `${shown} of ${all} ${what}` : `${all} ${what}`)).join(", ");
    const tell = ({ point }) => { words.textContent = (point && trades.near(point)) || counts; };
    tell({});
    drawing.entries.push({ tell });
    drawing.show();
    return drawing;
  }

  // One symbol at a time, chosen by name.
  function drawSymbols(figure) {
    const select = document.createElement("select");
    select.ariaLabel = "Symbol";
    data.symbols.forEach(({ title, fills_in_all: count }, place) => {
      select.add(new Option(`${title} (${count} fills)`, place));
    });
    let drawing = null;
    const draw = () => {
      drawing?.chart.remove();
      figure.replaceChildren(select);
      drawing = drawSymbol(figure, data.symbols[select.value]);
    };
    select.addEventListener("change", draw);
    draw();
    return { chart: { remove: () => drawing.chart.remove() } };
  }

  const figures = [["account", drawAccount], ["strategies", drawStrategies], ["symbols", drawSymbols]]
    .map(([name, draw]) => [document.getElementById(`chart-${name}`), draw])
    .filter(([figure]) => figure);
  let drawings = [];
  const draw = () => {
    drawings.forEach(({ chart }) => chart.remove());
    figures.forEach(([figure]) => figure.replaceChildren());
    drawings = figures.map(([figure, draws]) => draws(figure));
  };
  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
