import { get, post } from "./door.js";
import { decisionCells, sessionLink } from "./decisions.js";
import { able, load, stateOf, until, why } from "./models.js";
import { at, el, model, name, part, problems, rows, run, say } from "./page.js";
import { listen } from "./stream.js";
import { duration, setClock, tick } from "./words.js";

const MOST = 30;
const flying = new Map();
let latest = [];
let states = new Map();

function showState(page) {
  setClock(page.now);
  problems(page.problems);
  say(part("able"), `${page.candidates.filter(able).length} of ${page.candidates.length}`);
  say(part("generation"), page.generation);
  part("up").dataset.since = page.started;
  flying.clear();
  for (const one of page.in_flight) flying.set(one.request, one);
  showFlying();
  rows(at("models").tBodies[0], page.candidates, (one) => one.target, modelCells);
  announce(page.candidates);
  tick();
}

function modelCells(one) {
  const health = one.health;
  return [
    [model(one.target)],
    [[stateOf(one), why(one)]],
    [until(one), "number"],
    [String(one.in_flight), "number"],
    [load(one)],
    [health ? `${health.failures} of ${health.of}` : "–", "number"],
    [duration(one.first_token_ms), "number"],
    [able(one) || one.state === "busy" ? "" : reset(one.target), "act"],
  ];
}

function reset(target) {
  const button = el("button", { type: "button", class: "quiet", "aria-label": `Forget why ${target} is put aside` }, "Forget");
  button.addEventListener("click", () =>
    run(async () => {
      button.disabled = true;
      await post("/admin/api/reset", { target });
      say(at("told"), `${target} may be asked again`);
    }),
  );
  return button;
}

/** A screen reader hears of models that changed, not of every request. */
function announce(candidates) {
  const changed = candidates.filter((one) => states.has(one.target) && states.get(one.target) !== one.state);
  states = new Map(candidates.map((one) => [one.target, one.state]));
  if (changed.length) say(at("told"), changed.map((one) => `${one.target} is ${one.state}`).join(", "));
}

function showFlying() {
  const all = [...flying.values()];
  say(part("flying"), String(all.length));
  rows(at("flight").tBodies[0], all, (one) => one.request, flightCells);
  at("no-flight").hidden = all.length > 0;
  at("flight").hidden = all.length === 0;
}

function flightCells(one) {
  const failed = (one.attempts ?? []).filter((tried) => tried.failure);
  return [
    [el("span", { "data-since": one.at }), "number"],
    [one.target ? model(one.target) : "deciding", "plainly"],
    [name(one.route ?? "")],
    [el("a", { href: sessionLink(one.session) }, name(one.session || "no session"))],
    [name(one.task ?? "")],
    [duration(one.first_token_ms), "number"],
    [failed.length ? failed.flatMap((tried, index) => [index ? ", " : "", model(tried.target), ` ${tried.failure}`]) : "–"],
  ];
}

function showLatest() {
  latest = latest.slice(0, MOST);
  rows(at("latest").tBodies[0], latest, (one) => one.request, decisionCells);
  at("no-latest").hidden = latest.length > 0;
  at("latest").hidden = latest.length === 0;
}

async function loadLatest() {
  latest = (await get(`/admin/api/decisions?limit=${MOST}`)).decisions;
  showLatest();
}

run(async () => {
  await loadLatest();
  await listen({
    state: showState,
    request(one) {
      flying.set(one.request, one);
      showFlying();
      tick();
    },
    decision(row) {
      flying.delete(row.request);
      showFlying();
      latest = [row, ...latest.filter((one) => one.request !== row.request)];
      showLatest();
    },
    missed: () => run(loadLatest),
  });
});
