import { get } from "./door.js";
import { sessionLink } from "./decisions.js";
import { at, el, model, name, rows, run, say } from "./page.js";
import { listen } from "./stream.js";
import { count, duration, moment, plural, short } from "./words.js";

const STEP = 50;
const wanted = new URLSearchParams(location.search);
const orders = [...document.querySelectorAll("[data-order]")].map((one) => one.dataset.order);
let order = orders.includes(wanted.get("sort")) ? wanted.get("sort") : "last_seen";
let offset = Math.max(Number.parseInt(wanted.get("offset") ?? "0", 10) || 0, 0);
let changed = false;

async function show() {
  const query = new URLSearchParams({ sort: order, limit: STEP, offset });
  const page = await get(`/admin/api/sessions?${query}`);
  rows(at("sessions").tBodies[0], page.sessions, (one) => one.session, cells);
  say(at("total"), plural(page.total, "session"));
  at("none").hidden = page.total > 0;
  at("sessions").hidden = page.total === 0;
  at("back").disabled = offset === 0;
  at("on").disabled = offset + STEP >= page.total;
  say(at("where"), page.total ? `${count(offset + 1)}–${count(offset + page.sessions.length)} of ${count(page.total)}` : "");
  for (const button of document.querySelectorAll("[data-order]")) {
    const mine = button.dataset.order === order;
    if (mine) button.parentElement.setAttribute("aria-sort", order === "session" ? "ascending" : "descending");
    else button.parentElement.removeAttribute("aria-sort");
  }
}

function cells(one) {
  const models = Object.entries(one.models ?? {});
  return [
    [
      [
        el("a", { href: sessionLink(one.session) }, name(one.session || "no session")),
        one.others > 0 ? el("span", { class: "soft" }, ` and ${plural(one.others, "sub-agent")}`) : "",
        one.client ? el("span", { class: "soft" }, " of ", name(one.client)) : "",
      ],
    ],
    [moment(one.last_seen), "number"],
    [count(one.requests), "number"],
    [one.errors ? el("span", { class: "state", "data-state": "bad" }, count(one.errors)) : "–", "number"],
    [one.failovers ? count(one.failovers) : "–", "number"],
    [short(one.tokens_in), "number"],
    [short(one.tokens_out), "number"],
    [duration(one.first_token_average), "number"],
    [models.length ? el("span", { class: "line" }, model(models[0][0]), models.length > 1 ? el("span", { class: "soft" }, ` and ${models.length - 1} more`) : "") : "–"],
  ];
}

function go(sort, start) {
  order = sort;
  offset = Math.max(start, 0);
  history.replaceState(null, "", `?${new URLSearchParams({ sort: order, offset })}`);
  run(show);
}

for (const button of document.querySelectorAll("[data-order]")) {
  button.addEventListener("click", () => go(button.dataset.order, 0));
}
at("back").addEventListener("click", () => go(order, offset - STEP));
at("on").addEventListener("click", () => go(order, offset + STEP));

/** The list is read again when something has happened, at most every two seconds. */
setInterval(() => {
  if (!changed || document.hidden) return;
  changed = false;
  run(show);
}, 2000);

run(async () => {
  await show();
  await listen({ decision: () => (changed = true), missed: () => (changed = true) });
});
