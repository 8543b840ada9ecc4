// The control plane of the server that this page came from. Nothing else is ever asked.

const BASE = new URL("_mockbatch/", location.href.split(/[?#]/)[0]);
export const ORIGIN = location.origin;

const KEY = "mockbatch-control-key";

/** Whose session is looked at; whether the server answers; what it said when it wanted a key; what happens then. */
export const server = { session: null, lost: false, locked: null, onLocked: () => {} };

export class Refused extends Error {}
export class Lost extends Error {}

/** Keep a key, which goes with every call from now on. */
export function unlock(key) {
  sessionStorage.setItem(KEY, key);
  server.locked = null;
}

function lock(message) {
  if (server.locked) return;
  server.locked = message;
  server.onLocked(message);
}

function keyed(headers = {}) {
  const key = sessionStorage.getItem(KEY);
  return key ? { ...headers, "x-mockbatch-control-key": key } : headers;
}

/** What the server answers, as JSON. Throws Refused with the server's own sentence, Lost when it is away or locked. */
export async function ask(path, { method = "GET", query = {}, json, body, type, of = server.session } = {}) {
  if (server.locked) throw new Lost(server.locked);
  const url = new URL(path, BASE);
  const all = of ? { session: of, ...query } : query;
  for (const [name, value] of Object.entries(all)) {
    for (const one of [value].flat()) if (one !== null && one !== undefined && one !== "") url.searchParams.append(name, one);
  }
  const headers = json === undefined ? (type ? { "content-type": type } : {}) : { "content-type": "application/json" };
  const [answer, content] = await fetched(url, { method, headers: keyed(headers), body: json === undefined ? body : JSON.stringify(json) });
  if ([401, 403].includes(answer.status)) {
    lock(content.error.message);
    throw new Lost(server.locked);
  }
  if (!answer.ok) throw new Refused(content?.error?.message ?? `status ${answer.status}`);
  return content;
}

/** The same where the server answers a text. */
export async function askText(path, query = {}) {
  const url = new URL(path, BASE);
  for (const [name, value] of Object.entries({ session: server.session, ...query })) url.searchParams.set(name, value);
  const answer = await fetch(url, { headers: keyed() }).catch(() => null);
  if (!answer) throw new Lost("The server does not answer.");
  if (!answer.ok) throw new Refused(`status ${answer.status}`);
  return answer.text();
}

async function fetched(url, options) {
  try {
    const answer = await fetch(url, options);
    return [answer, await answer.json()];
  } catch {
    throw new Lost("The server does not answer.");
  }
}

export const post = (path, json = {}, more = {}) => ask(path, { method: "POST", json, ...more });

const RETRY_MILLISECONDS = 1000;

/** Hear what happens in a session, until the function that is answered is called. It comes back by itself. */
export function listen(session, heard, state) {
  // an EventSource can send no key
  const stop = new AbortController();

  async function open() {
    const url = new URL("events", BASE);
    url.searchParams.set("session", session);
    try {
      const answer = await fetch(url, { headers: keyed(), signal: stop.signal, cache: "no-store" });
      if (answer.ok) {
        state(true);
        await eachEvent(answer.body, heard);
      }
    } catch (error) {
      if (!(error instanceof TypeError || stop.signal.aborted)) throw error;
    }
    if (stop.signal.aborted) return;
    state(false);
    setTimeout(() => stop.signal.aborted || open(), RETRY_MILLISECONDS);
  }
  open();
  return () => stop.abort();
}

/** Read events as they come, each of which is a line of JSON; an empty line ends one. */
async function eachEvent(body, heard) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const lines = (rest + part.value).split("\n");
    rest = lines.pop();
    for (const line of lines) if (line.startsWith("data: ")) heard(JSON.parse(line.slice(6)));
  }
}
