// Making and filling elements. Texts of clients and providers become text nodes and nothing else.

export const part = (name, root = document) => root.querySelector(`[data-part="${name}"]`);
export const at = (id) => document.getElementById(id);

/** An element. `attributes` are ours, `children` are elements or texts of anybody. */
export function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(key, "");
    else if (value !== false && value != null) made.setAttribute(key, value);
  }
  made.append(...children.filter((one) => one != null && one !== ""));
  return made;
}

/** Sets a text only when it differs, so that nobody's selection is lost. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** A name that somebody else has chosen: isolated, so that its direction changes nothing around it. */
export const name = (text) => el("bdi", {}, text);

/** A sentence of ours about somebody's names: what stands in backquotes is code. */
export function prose(text) {
  return text.split("`").map((part, index) => (index % 2 ? el("code", {}, name(part)) : name(part)));
}

/** provider/model, the provider in the background. */
export function model(id) {
  const cut = id.indexOf("/");
  if (cut < 0) return el("bdi", { class: "model" }, id || "none");
  return el("bdi", { class: "model" }, el("span", { class: "soft" }, id.slice(0, cut + 1)), id.slice(cut + 1));
}

/**
 * Rows of a table body, kept by key: `cells(item)` gives a list of [column, content, class]. A row whose cells are as
 * before is left alone, and rows move only when their order changes.
 */
export function rows(body, items, key, cells) {
  const known = new Map([...body.children].map((row) => [row.dataset.key, row]));
  const names = columns(body);
  const wanted = items.map((item) => {
    const id = String(key(item));
    const made = el("tr", { "data-key": id }, ...cells(item).map((cell, index) => td(names[index], ...cell)));
    const before = known.get(id);
    known.delete(id);
    if (!before) return made;
    merge(before, made);
    return before;
  });
  for (const row of known.values()) row.remove();
  wanted.forEach((row, index) => {
    if (body.children[index] !== row) body.insertBefore(row, body.children[index] ?? null);
  });
}

function columns(body) {
  return [...body.closest("table").querySelectorAll("thead th")].map((one) => one.textContent);
}

function td(label, content, kind = "") {
  const nothing = content === "–" ? " nothing" : "";
  return el("td", { "data-label": label, class: kind + nothing }, ...(Array.isArray(content) ? content : [content]));
}

function merge(before, made) {
  [...made.children].forEach((cell, index) => {
    const old = before.children[index];
    if (old.isEqualNode(cell) || old.contains(document.activeElement)) return;
    old.replaceWith(cell);
  });
}

/** `<dt>` and `<dd>` pairs. */
export function pairs(list, items) {
  list.replaceChildren(...items.map(([term, value]) => el("div", {}, el("dt", {}, term), el("dd", {}, value))));
}

export function problems(list) {
  const box = at("problems");
  const made = list.map((one) => el("p", {}, name(one)));
  if (box.textContent !== list.join("")) box.replaceChildren(...made);
}

/** Runs the page's work, and says on the page what went wrong with it. Parts that it would have filled stay away. */
export async function run(work) {
  try {
    await work();
  } catch (error) {
    problems([error.message]);
    for (const part of document.querySelectorAll("main > :not(.head)")) part.hidden = true;
  }
}
