// Charts over time as SVG: lines, or bars on top of each other. Each has a legend that tells the values under the
// pointer, and a table with the same numbers for those who do not see it.

import { el, part } from "./page.js";
import { clock, moment } from "./words.js";

const NS = "http://www.w3.org/2000/svg";
const HEIGHT = 190;
const LEFT = 58;
const RIGHT = 8;
const TOP = 8;
const BOTTOM = 24;
const NICE = [1, 2, 2.5, 5, 10];

function svg(name, attributes, ...children) {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** The end of an axis and its steps, so that three or four round numbers stand at it. */
function scale(most, whole) {
  const rough = Math.max(most, whole ? 1 : 1e-9) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  let step = NICE.find((one) => one * power >= rough) * power;
  if (whole) step = Math.max(Math.ceil(step), 1);
  return { step, end: step * Math.max(Math.ceil(most / step), 1) };
}

/** Round numbers stand at an axis: without the zeros that tell nothing. */
const round = (text) => text.replace(/(\.\d*?)0+ s$/, "$1 s").replace(/\. s$/, " s").replace(/^0 ms$/, "0");

/**
 * `data`: {since, until, step, points: [{at, …}]}; `series`: [{name, kind, of(point), tone}], kind `line` or `bar`;
 * `format(value)` in words. `figure` is the markup of `parts.html`.
 */
export class Chart {
  constructor(figure, series, format, { whole = false } = {}) {
    this.figure = figure;
    this.series = series;
    this.format = format;
    this.whole = whole;
    this.data = null;
    this.width = 0;
    this.marks = series.map(() => el("b", {}));
    part("legend", figure).append(
      ...series.map((one, index) => el("span", { class: `key ${one.tone}` }, one.name, " ", this.marks[index])),
    );
    this.when = el("span", { class: "soft" });
    part("legend", figure).append(this.when);
    const plot = part("plot", figure);
    plot.addEventListener("pointermove", (event) => this.point(event));
    plot.addEventListener("pointerleave", () => this.point(null));
    new ResizeObserver(() => this.draw()).observe(plot);
  }

  show(data) {
    this.data = data;
    this.draw(true);
    this.tell();
  }

  draw(anew = false) {
    const plot = part("plot", this.figure);
    const width = Math.floor(plot.clientWidth);
    if (!this.data || !width || (width === this.width && !anew)) return;
    this.width = width;
    const axis = scale(this.most(), this.whole);
    const x = (at) => LEFT + ((at - this.data.since) / (this.data.until - this.data.since)) * (width - LEFT - RIGHT);
    const y = (value) => HEIGHT - BOTTOM - (value / axis.end) * (HEIGHT - TOP - BOTTOM);
    this.cursor = svg("line", { class: "cursor", y1: TOP, y2: HEIGHT - BOTTOM, visibility: "hidden" });
    const made = svg(
      "svg",
      { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img", "aria-label": this.summary() },
      ...this.grid(axis, width, x, y),
      ...this.bars(x, y),
      ...this.lines(x, y),
      this.cursor,
    );
    plot.replaceChildren(made);
    this.point(null);
  }

  most() {
    const sums = this.data.points.map((one) => {
      const values = this.series.map((each) => [each.kind, each.of(one) ?? 0]);
      const stacked = values.filter(([kind]) => kind === "bar").reduce((sum, [, value]) => sum + value, 0);
      return Math.max(stacked, ...values.filter(([kind]) => kind === "line").map(([, value]) => value));
    });
    return Math.max(0, ...sums);
  }

  *grid(axis, width, x, y) {
    for (let value = 0; value <= axis.end * 1.0001; value += axis.step) {
      yield svg("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value) });
      yield svg("text", { class: "label end", x: LEFT - 8, y: y(value) + 4 }, round(this.format(value)));
    }
    const { since, until } = this.data;
    const parts = width < 420 ? 2 : 4;
    for (let index = 0; index <= parts; index++) {
      const at = since + ((until - since) * index) / parts;
      const side = index === 0 ? "" : index === parts ? " end" : " middle";
      yield svg("text", { class: `label${side}`, x: x(at), y: HEIGHT - 6 }, this.label(at));
    }
  }

  label(at) {
    const long = this.data.until - this.data.since > 86400;
    return long ? moment(at).split(",")[0] : clock(at).slice(0, 5);
  }

  *bars(x, y) {
    const bars = this.series.filter((one) => one.kind === "bar");
    for (const one of bars.length ? this.data.points : []) {
      const left = x(one.at);
      const wide = Math.max(x(one.at + this.data.step) - left - 1, 1);
      let below = 0;
      for (const each of bars) {
        const value = each.of(one) ?? 0;
        if (!value) continue;
        const top = y(below + value);
        yield svg("rect", { class: `bar-of ${each.tone}`, x: left, y: top, width: wide, height: y(below) - top });
        below += value;
      }
    }
  }

  /** A line is broken where there is nothing to measure; a point alone is a dot. */
  *lines(x, y) {
    for (const each of this.series.filter((one) => one.kind === "line")) {
      let path = "";
      let last = -Infinity;
      for (const one of this.data.points) {
        const value = each.of(one);
        if (value == null) continue;
        const near = one.at - last < this.data.step * 3.5;
        const place = `${(x(one.at + this.data.step / 2)).toFixed(1)} ${y(value).toFixed(1)}`;
        path += near ? `L${place}` : `M${place}h0`;
        last = one.at;
      }
      if (path) yield svg("path", { class: `line-of ${each.tone}`, d: path });
    }
  }

  /** The values under the pointer stand in the legend, where there is room for them always. */
  point(event) {
    if (!this.data || !this.cursor) return;
    const { since, until, step, points } = this.data;
    const place = event ? event.clientX - part("plot", this.figure).getBoundingClientRect().left : -1;
    const at = since + ((place - LEFT) / (this.width - LEFT - RIGHT)) * (until - since);
    const found = event ? points.find((one) => one.at <= at && at < one.at + step) : undefined;
    this.cursor.setAttribute("visibility", found ? "visible" : "hidden");
    if (found) {
      const x = LEFT + ((found.at + step / 2 - since) / (until - since)) * (this.width - LEFT - RIGHT);
      this.cursor.setAttribute("x1", x);
      this.cursor.setAttribute("x2", x);
    }
    this.when.textContent = found ? moment(found.at) : "";
    this.series.forEach((one, index) => {
      const value = found ? one.of(found) : null;
      this.marks[index].textContent = value == null ? "" : this.format(value);
    });
  }

  summary() {
    const title = this.figure.querySelector("h2").textContent;
    if (!this.data.points.length) return `${title}: nothing to show in this time`;
    const said = this.series.map((one) => {
      const values = this.data.points.map(one.of).filter((value) => value != null);
      return values.length ? `${one.name} at most ${this.format(Math.max(...values))}` : `${one.name} none`;
    });
    return `${title} from ${moment(this.data.since)} to ${moment(this.data.until)}: ${said.join(", ")}`;
  }

  tell() {
    const table = part("table", this.figure);
    const heads = ["Time", ...this.series.map((one) => one.name)];
    table.tHead.replaceChildren(el("tr", {}, ...heads.map((one, index) => el("th", { scope: "col", class: index ? "number" : "" }, one))));
    table.tBodies[0].replaceChildren(
      ...this.data.points.map((one) =>
        el(
          "tr",
          {},
          el("td", { "data-label": "Time" }, moment(one.at)),
          ...this.series.map((each) => {
            const value = each.of(one);
            return el("td", { class: "number", "data-label": each.name }, value == null ? "–" : this.format(value));
          }),
        ),
      ),
    );
  }
}
