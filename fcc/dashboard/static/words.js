// Numbers and moments in words.

let ahead = 0;

/** How far the server's clock is ahead of this one, in seconds. */
export function setClock(now) {
  ahead = now - Date.now() / 1000;
}

export const now = () => Date.now() / 1000 + ahead;

const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const DAY = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const COUNT = new Intl.NumberFormat("en");

export const clock = (seconds) => TIME.format(new Date(seconds * 1000));

/** The time of day, with the day when it is not today. */
export function moment(seconds) {
  const day = DAY.format(new Date(seconds * 1000));
  return day === DAY.format(new Date()) ? clock(seconds) : `${day}, ${clock(seconds)}`;
}

/** Milliseconds as people read them. */
export function duration(ms) {
  if (ms == null) return "–";
  if (Math.round(ms) < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60000) return `${(ms / 1000).toFixed(ms < 10000 ? 2 : 1)} s`;
  return span(ms / 1000);
}

/** Seconds that pass while one looks: no fractions. */
export function span(seconds) {
  const whole = Math.max(Math.floor(seconds), 0);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
  if (whole < 172800) return `${Math.floor(whole / 3600)} h ${String(Math.floor(whole / 60) % 60).padStart(2, "0")} min`;
  return `${Math.floor(whole / 86400)} days`;
}

export const count = (value) => (value == null ? "–" : COUNT.format(value));

/** 12.3k, 4.56M: for numbers that are compared, not added up. */
export function short(value) {
  if (value == null) return "–";
  if (value < 10000) return count(value);
  if (value < 1e6) return `${(value / 1000).toFixed(value < 1e5 ? 1 : 0)}k`;
  return `${(value / 1e6).toFixed(value < 1e8 ? 2 : 0)}M`;
}

export const plural = (value, one, many = `${one}s`) => `${count(value)} ${value === 1 ? one : many}`;

/** Elements with `data-since` or `data-until` (seconds since 1970) count on their own, once a second. */
export function tick() {
  for (const node of document.querySelectorAll("[data-since]")) {
    set(node, span(now() - node.dataset.since));
  }
  for (const node of document.querySelectorAll("[data-until]")) {
    const left = node.dataset.until - now();
    set(node, left > 0 ? `${clock(node.dataset.until)}, in ${span(left + 0.999)}` : "now");
  }
}

function set(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

setInterval(tick, 1000);
