import { get } from "./door.js";
import { outcome, sessionLink } from "./decisions.js";
import { at, el, model, name, pairs, rows, run } from "./page.js";
import { listen } from "./stream.js";
import { count, duration, moment, plural, short } from "./words.js";

const id = new URLSearchParams(location.search).get("id") ?? "";

function show(row) {
  at("name").replaceChildren("Decision ", el("code", {}, name(row.request)));
  at("path").append(" / ", el("a", { href: sessionLink(row.session) }, name(row.session || "no session")));
  at("sentence").append(...sentence(row));
  pairs(at("sums"), [
    ["Outcome", outcome(row)],
    ["Time", moment(row.at)],
    ["Asked for", name(row.asked || "–")],
    ["First token", duration(row.first_token_ms)],
    ["Whole", duration(row.ms)],
    ["Tokens in", short(row.tokens_in)],
    ["Tokens out", short(row.tokens_out)],
    ["From cache", short(row.cache_read)],
    ["Size", `${short(row.bytes)} bytes`],
    ["Policy", el("code", {}, row.generation || "–")],
  ]);
  showTried(row);
  at("skipped-part").hidden = row.skipped.length === 0;
  rows(at("skipped").tBodies[0], row.skipped, (one) => one.target + one.why, (one) => [[model(one.target)], [name(one.why)]]);
  showWhy(row);
  showFacts(row.facts);
}

function sentence(row) {
  if (!row.route) return ["No route took this request."];
  const by = row.target ? [", answered by ", model(row.target)] : [];
  const went = row.failovers ? ` after going on ${row.failovers === 1 ? "once" : `${row.failovers} times`}` : "";
  const last = row.target || row.attempts.at(-1)?.target;
  const asked = last ? ["; last asked: ", model(last)] : ["; no model was asked"];
  return ["Taken by route ", el("b", {}, name(row.route)), ...(row.error ? asked : by), `${went}.`];
}

/** Attempts against time: where each began, when its first token came, when it ended. */
function showTried(row) {
  const whole = Math.max(row.ms, ...row.attempts.map((one) => one.after + one.ms), 1);
  at("no-tried").hidden = row.attempts.length > 0;
  at("tried").replaceChildren(
    ...row.attempts.map((one) => {
      const line = el("span", { class: `span ${one.failure ? "bad" : "good"}` });
      line.style.setProperty("margin-inline-start", `${(100 * one.after) / whole}%`);
      line.style.setProperty("inline-size", `${Math.max((100 * one.ms) / whole, 0.6)}%`);
      const state = one.failure ? "bad" : "good";
      return el(
        "li",
        {},
        el("span", { class: "who" }, model(one.target)),
        el("span", { class: "state", "data-state": state }, name(one.failure ?? "answered")),
        el("span", { class: "lane", "aria-hidden": "true" }, line),
        el("span", { class: "times" }, times(one)),
        said(one) ? el("span", { class: "said" }, name(said(one))) : "",
      );
    }),
  );
}

/** Why it failed, in the words of the upstream or of fcc. */
function said(one) {
  return [one.status, one.message].filter(Boolean).join(": ");
}

function times(one) {
  const first = one.first_token_ms == null ? "" : `, first token ${duration(one.first_token_ms)}`;
  return `asked after ${duration(one.after)}${first}, over in ${duration(one.ms)}`;
}

function showWhy(row) {
  const found = row.explanation;
  if (!found) {
    at("why").textContent = "The facts of this request cannot be read by this version.";
    at("over").hidden = true;
    return;
  }
  const same = found.route === row.route;
  const begin = found.same_policy
    ? "The policy that decided is still in force. "
    : "The policy has changed since; this is what the one of now makes of the same request. ";
  const now = found.route === null ? ["No route would take it."] : ["Route ", el("b", {}, name(found.route)), " takes it: ", el("code", {}, name(found.action ?? "")), "."];
  at("why").replaceChildren(begin, ...now, same || !row.route ? "" : ` Then it was ${row.route}.`);
  at("over").hidden = found.passed_over.length === 0;
  rows(at("over").tBodies[0], found.passed_over, (one) => one.route, (one) => [
    [name(one.route)],
    [el("code", {}, name(one.test))],
    [el("code", {}, name(written(one.saw)))],
  ]);
  at("chain-part").hidden = found.chain.length === 0;
  at("chain").replaceChildren(
    ...found.chain.map((one) =>
      el("li", { class: one.skipped ? "soft" : "" }, model(one.target), one.thinking === "client" ? "" : `, ${one.thinking} thinking`, one.skipped ? el("span", { class: "why" }, name(one.skipped)) : ""),
    ),
  );
}

function showFacts(facts) {
  pairs(at("facts"), Object.entries(facts).map(([key, value]) => [name(key), name(written(value))]));
}

function written(value) {
  if (typeof value === "number") return count(value);
  if (Array.isArray(value)) return value.length > 12 ? `${value.slice(0, 12).join(", ")} and ${plural(value.length - 12, "more", "more")}` : value.join(", ");
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (value === "" || value === null) return "nothing";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

run(async () => {
  show(await get(`/admin/api/decisions/${encodeURIComponent(id)}`));
  await listen({});
});
