// What was traded, drawn over a line of prices: a triangle a fill, a line from each entry to its exit.
"use strict";
class TradesOnPrices {
  // `times` are those of the line of prices, in milliseconds; `colour` gives the page's colours by name.
  constructor(symbol, colour) {
    this.symbol = symbol;
    this.colour = colour;
  }

  attached({ chart, series }) {
    this.scale = chart.timeScale();
    this.series = series;
  }

  paneViews() {
    const draw = (target) => target.useMediaCoordinateSpace(({ context }) => this.draw(context));
    return [{ zOrder: () => "top", renderer: () => ({ draw }) }];
  }

  // Prices of fills may be beyond the line's: those between two places of it.
  autoscaleInfo(first, last) {
    const { times, buy, sell } = this.symbol;
    const from = times[Math.max(Math.floor(first), 0)];
    const to = times[Math.min(Math.ceil(last), times.length - 1)];
    const within = (side) => side.values.filter((_, place) => from <= side.times[place] && side.times[place] <= to);
    const prices = [...within(buy), ...within(sell)];
    if (!prices.length) return null;
    return { priceRange: { minValue: Math.min(...prices), maxValue: Math.max(...prices) } };
  }

  // A chart knows places of its own points only: between two of them by the share of the time.
  x(time) {
    const { times } = this.symbol;
    let [low, high] = [0, times.length - 1];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (times[middle] <= time) low = middle;
      else high = middle;
    }
    const [left, right] = [this.scale.logicalToCoordinate(low), this.scale.logicalToCoordinate(high)];
    const share = high > low ? (time - times[low]) / (times[high] - times[low]) : 0;
    return left + (right - left) * Math.min(Math.max(share, 0), 1);
  }

  point(time, price) {
    return [this.x(time), this.series.priceToCoordinate(price)];
  }

  draw(context) {
    for (const [entered, entry, left, exit, won] of this.symbol.trades) {
      context.strokeStyle = context.fillStyle = this.colour(won ? "gain" : "loss");
      const [from, to] = [this.point(entered, entry), this.point(left, exit)];
      context.lineWidth = 1.5;
      context.beginPath();
      context.moveTo(...from);
      context.lineTo(...to);
      context.stroke();
      context.beginPath();
      context.arc(...to, 3, 0, 2 * Math.PI);
      context.fill();
    }
    context.fillStyle = this.colour("ink");
    for (const [side, up] of [["buy", 1], ["sell", -1]]) {
      const { times, values } = this.symbol[side];
      times.forEach((time, place) => this.triangle(context, this.point(time, values[place]), up));
    }
  }

  // Its tip is at the price: a buy points up from below, a sell down from above.
  triangle(context, [x, y], up) {
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x - 4, y + 7 * up);
    context.lineTo(x + 4, y + 7 * up);
    context.fill();
  }

  // The words of the trade whose exit is nearest to a place, of those within reach.
  near({ x, y }) {
    let [words, least] = ["", 14];
    for (const [, , left, exit, , told] of this.symbol.trades) {
      const [ofX, ofY] = this.point(left, exit);
      const distance = Math.hypot(ofX - x, ofY - y);
      if (distance < least) [words, least] = [told, distance];
    }
    return words;
  }
}
