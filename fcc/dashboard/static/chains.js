import { get } from "./door.js";
import { load, stateOf, until, why } from "./models.js";
import { at, el, name, part, problems, run } from "./page.js";
import { listen } from "./stream.js";
import { duration, setClock, tick } from "./words.js";

const NS = "http://www.w3.org/2000/svg";
let drawn = "";
let cards = new Map();
let wires = [];

/** Cards are numbered, because an id that a person wrote may be any text. */
async function show() {
  const graph = await get("/admin/api/graph");
  drawn = graph.generation;
  cards = new Map();
  for (const kind of ["routes", "chains", "models"]) {
    for (const one of graph[kind]) cards.set(one.id, { one, kind, node: null, anchor: `${kind}-${cards.size}` });
  }
  for (const kind of ["routes", "chains", "models"]) {
    at(kind).replaceChildren(...graph[kind].map((one) => card(one)));
  }
  wire();
}

function card(one) {
  const mine = cards.get(one.id);
  const head = el("h3", {}, name(one.title), one.badge ? el("span", { class: "badge" }, name(one.badge)) : "");
  const lines = one.lines.map((line) => el("p", { class: "small" }, name(line)));
  const below = mine.kind === "models" && one.target ? el("div", { class: "live", "data-part": "live" }) : "";
  const id = one.target ? el("p", { class: "small id" }, name(one.target)) : "";
  mine.node = el("li", { class: `card ${mine.kind}`, id: mine.anchor, tabindex: "-1" }, head, id, below, ...lines, steps(one));
  mine.node.addEventListener("pointerenter", () => light(one.id, true));
  mine.node.addEventListener("pointerleave", () => light(one.id, false));
  mine.node.addEventListener("focusin", () => light(one.id, true));
  mine.node.addEventListener("focusout", () => light(one.id, false));
  return mine.node;
}

function steps(one) {
  if (!one.rows?.length) return "";
  return el("ol", { class: "steps" }, ...one.rows.map(step));
}

function step(row) {
  const target = row.target === null ? undefined : cards.get(row.target);
  const text = target ? el("a", { href: `#${target.anchor}` }, name(row.text)) : name(row.text);
  return el(
    "li",
    { class: row.inner ? "inner" : "", "data-target": target ? target.anchor : false, "data-order": row.order },
    row.order && !row.inner ? el("span", { class: "order" }, String(row.order)) : "",
    text,
    row.note ? el("span", { class: "small" }, " ", name(row.note)) : "",
    target?.kind === "models" ? el("span", { class: "mark", "data-part": "mark" }) : "",
  );
}

function showState(page) {
  setClock(page.now);
  problems(page.problems);
  if (page.generation !== drawn) return run(async () => (await show(), showState(page)));
  for (const one of page.candidates) {
    const mine = cards.get(`model ${one.target}`);
    if (!mine?.node) continue;
    mine.node.dataset.state = one.state;
    fill(part("live", mine.node), one);
    for (const row of document.querySelectorAll(`[data-target="${mine.anchor}"] [data-part=mark]`)) {
      if (row.dataset.state === one.state) continue;
      row.dataset.state = one.state;
      row.replaceChildren(stateOf(one));
    }
  }
  tick();
  place();
}

function fill(box, one) {
  const made = [
    el("p", {}, stateOf(one), one.until == null ? "" : " until ", one.until == null ? "" : until(one), why(one)),
    el("p", { class: "small" }, `${one.in_flight} in flight`, one.first_token_ms == null ? "" : `, first token ${duration(one.first_token_ms)}`, one.health ? `, ${one.health.failures} of ${one.health.of} failures` : "", one.without.length ? `, asked without ${one.without.join(", ")}` : ""),
  ];
  const bars = load(one);
  if (bars !== "–") made.push(bars);
  const same = box.children.length === made.length && made.every((node, index) => node.isEqualNode(box.children[index]));
  if (!same) box.replaceChildren(...made);
}

/** One line from each step to the card it names; to one in the same column it goes around. */
function wire() {
  wires = [];
  for (const row of document.querySelectorAll(".steps [data-target]")) {
    const path = document.createElementNS(NS, "path");
    path.setAttribute("class", row.dataset.order === "1" ? "wire first" : "wire");
    wires.push({ path, row, from: row.closest(".card"), to: at(row.dataset.target) });
  }
  at("wires").replaceChildren(...wires.map((one) => one.path));
  place();
}

function place() {
  const whole = at("graph").getBoundingClientRect();
  at("wires").setAttribute("viewBox", `0 0 ${whole.width} ${whole.height}`);
  for (const one of wires) {
    const from = one.from.getBoundingClientRect();
    const row = one.row.getBoundingClientRect();
    const to = one.to.getBoundingClientRect();
    const [x, y] = [from.right - whole.left, row.top + row.height / 2 - whole.top];
    const beside = to.left < from.right;
    const [endX, endY] = [(beside ? to.right : to.left) - whole.left, to.top + 18 - whole.top];
    if (beside) {
      one.path.setAttribute("d", `M${x} ${y}C${x + 40} ${y} ${endX + 40} ${endY} ${endX} ${endY}`);
      continue;
    }
    const bend = Math.max((endX - x) / 2, 24);
    one.path.setAttribute("d", `M${x} ${y}C${x + bend} ${y} ${endX - bend} ${endY} ${endX} ${endY}`);
  }
}

/** Lines from and to the card that is pointed at, or has the focus. */
function light(id, on) {
  const node = cards.get(id)?.node;
  at("graph").classList.toggle("lit", on);
  for (const one of wires) one.path.classList.toggle("lit", on && (one.from === node || one.to === node));
  for (const one of cards.values()) {
    const near = wires.some((wired) => (wired.from === node && wired.to === one.node) || (wired.to === node && wired.from === one.node));
    one.node.classList.toggle("near", on && (one.node === node || near));
  }
}

new ResizeObserver(place).observe(at("graph"));

run(async () => {
  await show();
  await listen({ state: showState });
});
