// The way in. The token stays in this tab's sessionStorage and leaves it in one header, to this server alone.

const KEY = "fcc-token";
const door = document.getElementById("door");
const main = document.getElementById("main");
const leave = document.getElementById("leave");
const refused = document.getElementById("refused");
const input = document.getElementById("token");

export class Failed extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** `#token=…`, as `fcc serve` prints it, is taken out of the address at once; a fragment is never sent. */
function takeFragment() {
  const found = /^#token=(.+)$/.exec(location.hash);
  if (!found) return;
  sessionStorage.setItem(KEY, found[1]);
  history.replaceState(null, "", location.pathname + location.search);
}

let asking = null;

function signIn(why) {
  asking ??= new Promise((resolve) => {
    main.hidden = leave.hidden = true;
    door.hidden = false;
    refused.textContent = why;
    input.setAttribute("aria-invalid", String(Boolean(why)));
    input.value = "";
    input.focus();
    door.onsubmit = (event) => {
      event.preventDefault();
      const given = input.value.trim();
      if (!/^[\x21-\x7e]+$/.test(given)) {
        refused.textContent = "A token has neither blanks nor letters beyond ASCII.";
        return;
      }
      sessionStorage.setItem(KEY, given);
      input.value = "";
      asking = null;
      enter();
      resolve();
    };
  });
  return asking;
}

function enter() {
  door.hidden = true;
  main.hidden = leave.hidden = false;
}

/** fetch with the token; whoever has none, or a wrong one, is asked for it first. */
export async function ask(path, options = {}) {
  let why = "";
  for (;;) {
    const token = sessionStorage.getItem(KEY);
    if (token === null) {
      await signIn(why);
      continue;
    }
    const headers = { ...options.headers, authorization: `Bearer ${token}` };
    const answer = await fetch(path, { ...options, headers, cache: "no-store", credentials: "omit", redirect: "error" });
    if (answer.status === 401 || answer.status === 403) {
      why = await said(answer);
      if (sessionStorage.getItem(KEY) === token) sessionStorage.removeItem(KEY);
      continue;
    }
    if (door.hidden) enter();
    return answer;
  }
}

async function said(answer) {
  try {
    return (await answer.json()).error.message;
  } catch {
    return `the server answered ${answer.status}`;
  }
}

/** JSON of an address. Throws Failed with the server's words. */
export async function get(path, options) {
  const answer = await ask(path, options);
  if (!answer.ok) throw new Failed(answer.status, await said(answer));
  return answer.json();
}

export function post(path, body = {}) {
  const headers = { "content-type": "application/json" };
  return get(path, { method: "POST", headers, body: JSON.stringify(body) });
}

leave.addEventListener("click", () => {
  sessionStorage.removeItem(KEY);
  location.reload();
});
takeFragment();
addEventListener("hashchange", () => {
  if (!location.hash.startsWith("#token=")) return;
  takeFragment();
  location.reload();
});
