// A decision in a list of them.

import { el, model, name } from "./page.js";
import { count, duration, moment, short } from "./words.js";

export const decisionLink = (row) => `/admin/decision?id=${encodeURIComponent(row.id ?? row.request)}`;
export const sessionLink = (id) => `/admin/session?id=${encodeURIComponent(id)}`;

/** What the client was told, in a word and a colour. */
export function outcome(row) {
  if (row.status === 499) return el("span", { class: "state", "data-state": "left" }, "client left");
  if (row.error) return el("span", { class: "state", "data-state": "bad" }, `${row.status} `, name(row.error));
  return el("span", { class: "state", "data-state": "good" }, String(row.status));
}

export function decisionCells(row) {
  return [
    [el("a", { href: decisionLink(row) }, moment(row.at)), "when"],
    [name(row.route || "none")],
    [row.target ? model(row.target) : "–", "plainly"],
    [outcome(row), "plainly"],
    [row.failovers ? count(row.failovers) : "–", "number"],
    [duration(row.first_token_ms), "number"],
    [duration(row.ms), "number"],
    [short(row.tokens_in), "number"],
    [short(row.tokens_out), "number"],
  ];
}
