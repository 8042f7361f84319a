import { get, post } from "./door.js";
import { at, el, name, problems, prose, rows, run, say } from "./page.js";
import { listen } from "./stream.js";
import { moment, plural, setClock } from "./words.js";

let page = null;
let past = null;

async function show() {
  [page, past] = await Promise.all([get("/admin/api/policy"), get("/admin/api/past")]);
  say(at("file"), page.path);
  at("refused-part").hidden = page.refused === null;
  if (page.refused) showFindings(at("refused-findings"), page.refused.diagnostics, false);
  showFindings(at("findings"), page.diagnostics, true);
  at("no-findings").hidden = page.diagnostics.length > 0;
  at("no-history").hidden = page.history.length > 0;
  at("history").hidden = page.history.length === 0;
  rows(at("history").tBodies[0], page.history, (one) => one.id, cells);
  showText();
}

function showFindings(list, findings, linked) {
  list.replaceChildren(
    ...findings.map((one) => {
      const place = linked ? el("a", { href: `#line-${one.line}` }, `line ${one.line}`) : `line ${one.line}`;
      return el(
        "li",
        { class: one.severity },
        el("p", {}, el("span", { class: "state", "data-state": one.severity }, one.severity), " ", el("code", {}, one.code), " ", place),
        el("p", {}, ...prose(one.message)),
        ...one.labels.map((label) => el("p", { class: "soft" }, `line ${label.line}: `, ...prose(label.text))),
        one.help ? el("p", { class: "soft" }, ...prose(one.help)) : "",
      );
    }),
  );
}

function showText() {
  const marked = new Map(page.diagnostics.map((one) => [one.line, one.severity]));
  const lines = page.text.replace(/\n$/, "").split("\n");
  const made = lines.map((line, index) => {
    const comment = line.trimStart().startsWith("#");
    return el("li", { id: `line-${index + 1}`, class: marked.get(index + 1) ?? false, tabindex: marked.has(index + 1) ? "-1" : false }, comment ? el("span", { class: "soft" }, line) : line || "\u200b");
  });
  if (at("text").textContent !== made.map((one) => one.textContent).join("")) at("text").replaceChildren(...made);
}

function cells(one) {
  const here = one.generation === page.generation && one.accepted;
  const kept = past.kept.includes(one.generation) && one.accepted;
  return [
    [moment(one.at)],
    [[el("code", {}, one.generation), here ? el("span", { class: "badge" }, "in force") : "", one.generation === past.file ? el("span", { class: "badge" }, "as on disk") : ""]],
    [name(one.who)],
    [one.accepted ? el("span", { class: "state", "data-state": "good" }, "taken") : [el("span", { class: "state", "data-state": "bad" }, "refused"), ...one.findings.slice(0, 3).map((text) => el("span", { class: "why" }, name(text)))]],
    [here || !kept ? "" : [button("Compare", `Compare ${one.generation} with the policy in force`, () => compare(one.generation)), button("Go back", `Serve ${one.generation} again`, () => back(one))], "act"],
  ];
}

function button(text, label, work) {
  const made = el("button", { type: "button", class: "quiet", "aria-label": label }, text);
  made.addEventListener("click", () => run(work));
  return made;
}

async function compare(id) {
  say(at("told"), "Comparing …");
  const found = await get(`/admin/api/changes?${new URLSearchParams({ before: id })}`);
  say(at("told"), "");
  at("changes-part").hidden = false;
  say(at("about-changes"), `From ${found.before} to ${found.after}, the policy in force.`);
  const meant = found.meaning ?? "It cannot be told: one of the texts is no policy for this version.";
  at("meaning").replaceChildren(...meant.split("\n").map((line) => mark(/^ +([-+]) /.exec(line)?.[1], line)));
  at("changes").replaceChildren(
    ...found.lines.map((one) => mark(one.kind, one.kind === "@" ? `lines ${one.text}` : `${one.kind} ${one.text}`)),
  );
  if (!found.lines.length) say(at("changes"), " The texts are the same.");
  at("h-changes").focus();
}

const KINDS = { "+": "came", "-": "went", "@": "place" };
const mark = (kind, text) => el("span", { class: KINDS[kind] ?? "" }, text, "\n");

let questions = 0;

/** Told of a close a little later, when the same dialog may be open again with another question. */
const closed = (dialog) =>
  new Promise((resolve) => {
    const hear = () => {
      if (dialog.open) return;
      dialog.removeEventListener("close", hear);
      resolve();
    };
    dialog.addEventListener("close", hear);
  });

async function back(one) {
  const disk = past.file === one.generation ? "It is the text of the file on disk." : "Nothing is written to the disk: the file is served again as soon as it changes, when it is reloaded, or after a restart.";
  say(at("about-sure"), `Serve generation ${one.generation}, read ${moment(one.at)}, from memory from now on? Running requests end as they began. ${disk}`);
  const dialog = at("sure");
  const mine = ++questions;
  dialog.returnValue = "no";
  dialog.showModal();
  await closed(dialog);
  if (mine !== questions || dialog.returnValue !== "yes") return;
  const found = await post("/admin/api/rollback", { generation: one.generation });
  told(found, `Generation ${found.generation} is served.`);
}

function told(found, good) {
  say(at("told"), found.status === "accepted" ? good : `Refused, ${found.generation} is still served: ${found.problems.join("; ")}`);
  return show();
}

at("reload").addEventListener("click", () =>
  run(async () => {
    const found = await post("/admin/api/reload");
    await told(found, `The file was read: generation ${found.generation} is served.`);
  }),
);
at("reset").addEventListener("click", () =>
  run(async () => {
    const found = await post("/admin/api/reset");
    say(at("told"), found.reset.length ? `${plural(found.reset.length, "model")} may be asked again: ${found.reset.join(", ")}.` : "There was nothing to forget.");
  }),
);

run(async () => {
  await show();
  await listen({
    state(now) {
      setClock(now.now);
      problems(now.problems);
    },
    policy: () => run(show),
  });
});
