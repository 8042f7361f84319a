import { get } from "./door.js";
import { decisionCells } from "./decisions.js";
import { bar } from "./models.js";
import { at, model, name, pairs, rows, run } from "./page.js";
import { listen } from "./stream.js";
import { count, duration, moment, short } from "./words.js";

const MOST = 500;
const session = new URLSearchParams(location.search).get("id") ?? "";
let decisions = [];
let next = null;
let changed = false;

async function show() {
  const page = await get(`/admin/api/session?${new URLSearchParams({ name: session })}`);
  at("name").replaceChildren(name(page.session || "Requests without a session"));
  pairs(at("sums"), [
    ["Requests", count(page.requests)],
    ["Errors", count(page.errors)],
    ["Went on to another model", count(page.failovers)],
    ["Tokens in", short(page.tokens_in)],
    ["Tokens out", short(page.tokens_out)],
    ["From cache", short(page.cache_read)],
    ["First token", duration(page.first_token_average)],
    ["First seen", moment(page.first_seen)],
    ["Last seen", moment(page.last_seen)],
  ]);
  showUsed(page);
  const agents = page.sub_agents.filter((one) => one.sub_agent);
  at("agents-part").hidden = agents.length === 0;
  rows(at("agents").tBodies[0], page.sub_agents, (one) => one.sub_agent, agentCells);
  merge(page.decisions);
}

function showUsed(page) {
  const used = [
    ...Object.entries(page.routes ?? {}).map(([key, value]) => ["route", key, value]),
    ...Object.entries(page.models ?? {}).map(([key, value]) => ["model", key, value]),
  ];
  rows(at("used").tBodies[0], used, (one) => one[0] + one[1], ([kind, key, value]) => [
    [kind],
    [kind === "model" ? model(key) : name(key)],
    [count(value), "number"],
    [bar(value / page.requests, `${Math.round((100 * value) / page.requests)}%`)],
  ]);
}

function agentCells(one) {
  return [
    [name(one.sub_agent || "main conversation")],
    [moment(one.last_seen), "number"],
    [count(one.requests), "number"],
    [one.errors ? count(one.errors) : "–", "number"],
    [one.failovers ? count(one.failovers) : "–", "number"],
    [short(one.tokens_in), "number"],
    [short(one.tokens_out), "number"],
    [duration(one.first_token_average), "number"],
  ];
}

/** The newest come first; what was paged in stays, up to a bound. */
function merge(newest) {
  const known = new Set(newest.map((one) => one.id));
  const first = decisions.length === 0;
  decisions = [...newest, ...decisions.filter((one) => !known.has(one.id))].slice(0, MOST);
  if (first) next = newest.length === 50 ? newest.at(-1).id : null;
  showDecisions();
}

function showDecisions() {
  rows(at("decisions").tBodies[0], decisions, (one) => one.id, decisionCells);
  at("older").hidden = next === null || decisions.length >= MOST;
}

at("older").addEventListener("click", () =>
  run(async () => {
    const query = new URLSearchParams({ session, before: next, limit: 50 });
    const page = await get(`/admin/api/decisions?${query}`);
    decisions.push(...page.decisions);
    next = page.next;
    showDecisions();
  }),
);

setInterval(() => {
  if (!changed || document.hidden) return;
  changed = false;
  run(show);
}, 2000);

run(async () => {
  await show();
  await listen({
    decision(row) {
      changed ||= row.session === session;
    },
    missed: () => (changed = true),
  });
});
