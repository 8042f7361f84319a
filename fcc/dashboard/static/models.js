// The state of a model, for the live view and the graph.

import { el, name } from "./page.js";
import { count } from "./words.js";

const GOOD = new Set(["healthy", "probing", "busy"]);

export const able = (one) => GOOD.has(one.state) && one.state !== "busy";

export function stateOf(one) {
  return el("span", { class: "state", "data-state": one.state }, one.state);
}

export function until(one) {
  return one.until == null ? "–" : el("span", { "data-until": one.until });
}

/** How much of its limit is used, as a bar with words. */
export function load(one) {
  const limit = one.limit;
  if (limit === null) return "–";
  const parts = [];
  if (limit.count && !(limit.each && limit.each !== "key")) {
    const what = limit.counts === "tokens" ? " tokens" : "";
    parts.push([limit.used / limit.count, `${count(limit.used)} of ${count(limit.count)}${what} ${per(limit.window)}`]);
  } else if (limit.count) {
    parts.push([0, `${count(limit.count)} ${per(limit.window)} for each ${limit.each}`]);
  }
  if (limit.at_once) parts.push([limit.in_flight / limit.at_once, `${limit.in_flight} of ${limit.at_once} at once`]);
  if (!parts.length) return "–";
  return el("span", { class: "load" }, ...parts.map(([share, words]) => bar(share, words, true)));
}

const WINDOWS = new Map([[1, "per second"], [60, "per minute"], [3600, "per hour"], [86400, "per day"]]);
const per = (window) => WINDOWS.get(window) ?? `in ${count(window)} s`;

/** A share and what it is in words; `end`: to be full is no good sign. */
export function bar(share, words, end = false) {
  const full = Math.min(Math.max(share, 0), 1);
  const inner = el("span", { class: end && full >= 1 ? "full" : "" });
  inner.style.setProperty("inline-size", `${(full * 100).toFixed(1)}%`);
  return el("span", { class: "bar-line" }, el("span", { class: "bar", "aria-hidden": "true" }, inner), el("span", {}, words));
}

export const why = (one) => (one.why ? el("span", { class: "why" }, name(one.why)) : "");
