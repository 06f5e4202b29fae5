/**
 * A chart of curves over steps, with axes and the values under the pointer.
 *
 * A chart without a curve is hidden, or says in its `empty` what it waits for. A series is {name, color, points: [[step, value]], dots, faint}: values that are not finite are gaps.
 * All charts share the pointer's step.
 */
class Chart {
  static all = [];
  static hovered = null;

  constructor(title, { format = text.short, tick = text.tick, zero = false, wide = false, height = 220, empty = "" } = {}) {
    Object.assign(this, { title, tick, zero, height, empty, series: [], range: [0, 1] });
    this.format = (value) => (Number.isFinite(value) ? format(value) : text.short(value));
    this.legend = element("div", { class: "legend" });
    this.plot = element("div", { class: "plot" });
    this.card = element("article", { class: wide ? "card wide" : "card" }, element("div", { class: "head" }, element("h2", {}, title), this.legend), this.plot);
    this.plot.addEventListener("pointermove", (event) => this.point(event));
    this.plot.addEventListener("pointerdown", (event) => this.point(event));
    this.plot.addEventListener("pointerleave", () => Chart.hover(null));
    Chart.all.push(this);
  }

  static hover(step) {
    Chart.hovered = step;
    for (const chart of Chart.all) chart.showPointer();
  }

  set(series, range) {
    this.series = series.filter((one) => one.points.length > 0);
    this.range = range;
    this.draw();
  }

  draw() {
    this.card.hidden = this.empty === "" && this.series.length === 0;
    this.legend.replaceChildren(...(this.series.length < 2 ? [] : this.series.filter((one) => !one.faint).map((one) =>
      element("span", {}, key(one.color, one.dots ? "dot" : ""), one.name))));
    const width = this.plot.clientWidth;
    if (width === 0) return;
    const finite = this.series.flatMap((one) => one.points.map((point) => point[1])).filter(Number.isFinite);
    if (finite.length === 0) {
      this.plot.replaceChildren(element("div", { class: "empty" }, this.empty));
      this.frame = null;
      return;
    }
    this.place(finite, width);
    const svg = shape("svg", { viewBox: `0 0 ${width} ${this.height}`, height: this.height, role: "img", "aria-label": this.describe() });
    this.drawAxes(svg);
    for (const one of this.series) this.drawSeries(svg, one);
    this.pointer = shape("g");
    svg.append(this.pointer);
    this.tip = element("div", { class: "tip" });
    this.tip.hidden = true;
    this.plot.replaceChildren(svg, this.tip);
    this.showPointer();
  }

  describe() {
    return `${this.title}: ${this.series.map((one) => `${one.name} ${this.format(one.points[one.points.length - 1][1])}`).join(", ")}`;
  }

  /** Decides the scales: from a round tick below the lowest value to one above the highest. */
  place(values, width) {
    let [low, high] = [Infinity, -Infinity];
    for (const value of values) { low = Math.min(low, value); high = Math.max(high, value); }
    if (this.zero) low = Math.min(low, 0);
    if (low === high) { const air = Math.abs(low) * 0.1 || 1; low = this.zero && low === 0 ? 0 : low - air; high += air; }
    const ticks = Chart.ticks(low, high, 4);
    const step = ticks[1] - ticks[0];
    if (low < ticks[0]) ticks.unshift(ticks[0] - step);
    if (high > ticks[ticks.length - 1]) ticks.push(ticks[ticks.length - 1] + step);
    const yTicks = ticks;
    [low, high] = [ticks[0], ticks[ticks.length - 1]];
    const left = Math.max(34, 12 + 7 * Math.max(...yTicks.map((tick) => this.tick(tick, yTicks).length)));
    const [first, last] = this.range[0] === this.range[1] ? [this.range[0] - 1, this.range[1] + 1] : this.range;
    const frame = { left, right: width - 10, top: 8, bottom: this.height - 26, first, last, yTicks };
    frame.x = (value) => frame.left + (value - first) / (last - first) * (frame.right - frame.left);
    frame.y = (value) => frame.bottom - (value - low) / (high - low) * (frame.bottom - frame.top);
    this.frame = frame;
  }

  static ticks(low, high, count) {
    const rough = (high - low) / count;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = power * [1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough * 0.999);
    const first = Math.ceil(low / step - 1e-9);
    const ticks = [];
    for (let index = first; index * step <= high + step * 1e-9; index++) ticks.push(index * step);
    return ticks.length > 1 ? ticks : [first * step, (first + 1) * step];
  }

  drawAxes(svg) {
    const { left, right, bottom, first, last, yTicks, x, y } = this.frame;
    for (const tick of yTicks) {
      svg.append(shape("line", { class: "gridline", x1: left, x2: right, y1: y(tick), y2: y(tick) }));
      svg.append(shape("text", { x: left - 8, y: y(tick) + 4, "text-anchor": "end" }, this.tick(tick, yTicks)));
    }
    svg.append(shape("line", { class: "axis", x1: left, x2: right, y1: bottom, y2: bottom }));
    const ticks = Chart.ticks(first, last, Math.max(2, Math.min(8, (right - left) / 90))).filter((tick) => Number.isInteger(tick) && tick >= first && tick <= last);
    for (const tick of ticks) {
      svg.append(shape("text", { x: x(tick), y: bottom + 18, "text-anchor": "middle" }, text.grouped(tick)));
    }
    if (x(ticks[ticks.length - 1] ?? first) < right - 60) svg.append(shape("text", { x: right, y: bottom + 18, "text-anchor": "end" }, "steps"));
  }

  drawSeries(svg, one) {
    const color = `var(--${one.color})`;
    const { x, y } = this.frame;
    if (one.dots) {
      // So many that they would hide each other are a line like the others.
      const areApart = one.points.length <= (this.frame.right - this.frame.left) / 16;
      const line = { d: Chart.path(one.points, this.frame), fill: "none", stroke: color, "stroke-width": 1.5 };
      svg.append(shape("path", areApart ? { ...line, "stroke-dasharray": "4 3", opacity: 0.7 } : line));
      for (const [step, value] of areApart ? one.points : []) {
        if (Number.isFinite(value)) svg.append(shape("circle", { class: "ring", cx: x(step), cy: y(value), r: 4.5, fill: color }));
      }
      return;
    }
    if (one.points.length === 1 && Number.isFinite(one.points[0][1])) {
      svg.append(shape("circle", { cx: x(one.points[0][0]), cy: y(one.points[0][1]), r: 3, fill: color }));
    }
    const drawn = { d: Chart.path(one.points, this.frame), fill: "none", stroke: color, "stroke-linejoin": "round", "stroke-linecap": "round" };
    svg.append(shape("path", { ...drawn, "stroke-width": one.faint ? 1 : 1.75, opacity: one.faint ? 0.45 : 1 }));
    for (const [step, value] of one.points) {
      if (!Number.isFinite(value)) {
        svg.append(shape("line", { x1: x(step), x2: x(step), y1: this.frame.bottom - 8, y2: this.frame.bottom, stroke: "var(--bad)", "stroke-width": 2 }));
      }
    }
  }

  /** The curve; where several points share a column of pixels, its lowest and highest, so that no peak is lost. */
  static path(points, { x, y, left, right }) {
    const isDense = points.length > 2 * (right - left);
    let path = "";
    let isOpen = false;
    let column = null;
    const put = (step, value) => {
      path += `${isOpen ? "L" : "M"}${x(step).toFixed(1)} ${y(value).toFixed(1)}`;
      isOpen = true;
    };
    const flush = () => {
      if (column === null) return;
      const ends = [column.low, column.high].sort((a, b) => a[0] - b[0]);
      put(...ends[0]);
      if (ends[1] !== ends[0]) put(...ends[1]);
      column = null;
    };
    for (const [step, value] of points) {
      if (!Number.isFinite(value)) { flush(); isOpen = false; continue; }
      if (!isDense) { put(step, value); continue; }
      const place = Math.floor(x(step));
      if (column !== null && column.place !== place) flush();
      column ??= { place, low: [step, value], high: [step, value] };
      if (value < column.low[1]) column.low = [step, value];
      if (value > column.high[1]) column.high = [step, value];
    }
    flush();
    return path;
  }

  // What the pointer shows

  point(event) {
    if (!this.frame) return;
    const { left, right, first, last } = this.frame;
    const place = (event.clientX - this.plot.getBoundingClientRect().left - left) / (right - left);
    Chart.hover(place < -0.02 || place > 1.02 ? null : Math.round(first + place * (last - first)));
  }

  static nearest(points, step) {
    let [low, high] = [0, points.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (points[middle][0] < step) low = middle + 1; else high = middle;
    }
    const before = points[low - 1];
    return before && Math.abs(before[0] - step) <= Math.abs(points[low][0] - step) ? before : points[low];
  }

  showPointer() {
    if (!this.frame) return;
    const step = Chart.hovered;
    this.tip.hidden = step === null;
    this.pointer.replaceChildren();
    if (step === null) return;
    const { x, y, top, bottom, left, right } = this.frame;
    const lead = this.series.find((one) => !one.dots) ?? this.series[0];
    const at = Chart.nearest(lead.points, step)[0];
    this.pointer.append(shape("line", { class: "cross", x1: x(at), x2: x(at), y1: top, y2: bottom }));
    const lines = [];
    for (const one of this.series) {
      const [found, value] = Chart.nearest(one.points, at);
      if (Number.isFinite(value) && !one.faint) {
        this.pointer.append(shape("circle", { class: "ring", cx: x(found), cy: y(value), r: 4.5, fill: `var(--${one.color})` }));
      }
      const name = found === at ? one.name : `${one.name}, step ${text.grouped(found)}`;
      lines.push(element("div", {}, key(one.color, one.dots ? "dot" : ""), element("span", {}, name), element("span", {}, this.format(value))));
    }
    this.tip.replaceChildren(element("b", {}, `Step ${text.grouped(at)}`), ...lines);
    const width = this.tip.offsetWidth;
    const wanted = x(at) + 14 + width > right ? x(at) - 14 - width : x(at) + 14;
    this.tip.style.left = `${Math.max(0, wanted)}px`;
  }
}

new ResizeObserver(() => { for (const chart of Chart.all) chart.draw(); }).observe(document.documentElement);
