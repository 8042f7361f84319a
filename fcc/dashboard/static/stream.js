// Server-sent events read from fetch, because EventSource cannot send the token.
// html.spec.whatwg.org/multipage/server-sent-events.html

import { ask } from "./door.js";

const FIRST = 1000;
const LONGEST = 30000;
const link = document.getElementById("link");

function show(state, words) {
  if (link.dataset.state !== state) {
    link.dataset.state = state;
    link.textContent = words;
  }
}

/** One pass over an answer's body; `tell(event, data)` for each event. Lines end in \n: it is our own server. */
async function read(body, tell) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    held += value;
    const blocks = held.split("\n\n");
    held = blocks.pop();
    for (const block of blocks) {
      let event = "message";
      let data = "";
      for (const line of block.split("\n")) {
        if (line.startsWith("event: ")) event = line.slice(7);
        else if (line.startsWith("data: ")) data += line.slice(6);
      }
      if (data) tell(event, JSON.parse(data));
    }
  }
}

/**
 * Calls `handlers[event](data)` for as long as the page is looked at. A hidden page lets go of its connection: a browser
 * has six for one host, and the server keeps a place for each listener.
 */
export async function listen(handlers) {
  let pause = FIRST;
  for (;;) {
    await visible();
    const stop = new AbortController();
    const hidden = () => document.hidden && stop.abort();
    document.addEventListener("visibilitychange", hidden);
    try {
      const answer = await ask("/admin/api/events", { signal: stop.signal });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      show("on", "live");
      await read(answer.body, (event, data) => {
        pause = FIRST;
        handlers[event]?.(data);
      });
      show("wait", "connecting again");
    } catch (error) {
      if (!stop.signal.aborted) show("off", "connection lost, trying again");
      if (error instanceof SyntaxError || error instanceof ReferenceError || error instanceof TypeError) note(error);
    } finally {
      document.removeEventListener("visibilitychange", hidden);
    }
    if (document.hidden) continue;
    await wait(pause * (0.75 + Math.random() / 2));
    pause = Math.min(pause * 2, LONGEST);
  }
}

/** A failed fetch is a TypeError as well, and no fault of the page. */
function note(error) {
  if (!/fetch|network/i.test(error.message)) console.error(error);
}

function wait(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function visible() {
  if (!document.hidden) return Promise.resolve();
  show("wait", "paused");
  return new Promise((resolve) => {
    document.addEventListener("visibilitychange", resolve, { once: true });
  });
}
