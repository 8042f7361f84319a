import { Chart } from "./chart.js";
import { get } from "./door.js";
import { at, el, model, name, rows, run } from "./page.js";
import { listen } from "./stream.js";
import { count, duration } from "./words.js";

const percent = (field) => [
  { name: "50%", kind: "line", tone: "tone-a", of: (one) => one[field]?.[0] },
  { name: "90%", kind: "line", tone: "tone-b", of: (one) => one[field]?.[1] },
  { name: "99%", kind: "line", tone: "tone-c", of: (one) => one[field]?.[2] },
];
const whole = { whole: true };
const all = [
  new Chart(
    at("requests"),
    [
      { name: "answered", kind: "bar", tone: "tone-a", of: (one) => one.requests - one.errors },
      { name: "failed", kind: "bar", tone: "tone-bad", of: (one) => one.errors },
    ],
    count,
    whole,
  ),
  new Chart(at("first"), percent("first_token_ms"), duration),
  new Chart(at("whole"), percent("ms"), duration),
  new Chart(
    at("ways"),
    [
      { name: "client got an error", kind: "line", tone: "tone-bad", of: (one) => one.errors },
      { name: "went on to another model", kind: "line", tone: "tone-b", of: (one) => one.failovers },
    ],
    count,
    whole,
  ),
];
let changed = false;
let last = 0;

const hours = () => document.querySelector("input[name=hours]:checked").value;

async function show() {
  last = Date.now();
  changed = false;
  const page = await get(`/admin/api/charts?hours=${hours()}`);
  const data = { since: page.since, until: page.until, step: page.step, points: page.steps };
  for (const one of all) one.show(data);
  at("none").hidden = page.models.length > 0;
  at("models").hidden = page.models.length === 0;
  rows(at("models").tBodies[0], page.models, (one) => one.target, cells);
}

function cells(one) {
  const kinds = Object.entries(one.failures);
  const failed = kinds.reduce((sum, [, times]) => sum + times, 0);
  const times = one.first_token_ms ?? [];
  return [
    [model(one.target)],
    [count(one.asked), "number"],
    [failed ? `${count(failed)} (${Math.round((100 * failed) / one.asked)}%)` : "–", "number"],
    [kinds.length ? kinds.map(([kind, times_]) => el("span", { class: "tag" }, name(kind), ` ${count(times_)}`)) : "–"],
    ...[0, 1, 2].map((index) => [duration(times[index]), "number"]),
  ];
}

at("hours").addEventListener("change", () => run(show));
/** Time passes on the axis as well: anew after two seconds with news, after thirty without. */
setInterval(() => {
  const age = Date.now() - last;
  if (!document.hidden && (age > 30000 || (changed && age > 2000))) run(show);
}, 1000);

run(async () => {
  await show();
  await listen({ decision: () => (changed = true), missed: () => (changed = true) });
});
