// Client of the control plane of the server that this page came from; it contacts no other server.

const BASE = new URL("_mockbatch/", location.href.split(/[?#]/)[0]);
export const ORIGIN = location.origin;

const KEY = "mockbatch-control-key";

/** The session shown; whether the server is lost; its message when it requires a key; and the callback for that. */
export const server = {
  /** @type {string | null} */
  session: null,
  lost: false,
  /** @type {string | null} */
  locked: null,
  /** @type {(message: string) => void} */
  onLocked: () => {},
};

export class Refused extends Error {}
export class Lost extends Error {}

/** Store a key, which is sent with every further call. */
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

/**
 * Return the JSON response. Throws Refused with the server's message, Lost if it is unreachable or locked.
 * @param {string} path
 * @param {{
 *   method?: string, query?: object, json?: unknown, body?: BodyInit, type?: string, of?: string | null
 * }} [options]
 */
export async function ask(path, { method = "GET", query = {}, json, body, type, of = server.session } = {}) {
  if (server.locked) throw new Lost(server.locked);
  const url = new URL(path, BASE);
  const all = of ? { session: of, ...query } : query;
  for (const [name, value] of Object.entries(all)) {
    for (const one of [value].flat())
      if (one !== null && one !== undefined && one !== "") url.searchParams.append(name, one);
  }
  const headers = json === undefined ? (type ? { "content-type": type } : {}) : { "content-type": "application/json" };
  const [answer, content] = await fetched(url, {
    method,
    headers: keyed(headers),
    body: json === undefined ? body : JSON.stringify(json),
  });
  if ([401, 403].includes(answer.status)) {
    lock(content.error.message);
    throw new Lost(server.locked);
  }
  if (!answer.ok) throw new Refused(content?.error?.message ?? `status ${answer.status}`);
  return content;
}

/** Return the response as text. */
export async function askText(path, query = {}) {
  const url = new URL(path, BASE);
  for (const [name, value] of Object.entries({ session: server.session, ...query })) url.searchParams.set(name, value);
  const answer = await fetch(url, { headers: keyed() }).catch(() => null);
  if (!answer) throw new Lost("The server does not respond.");
  if (!answer.ok) throw new Refused(`status ${answer.status}`);
  return answer.text();
}

async function fetched(url, options) {
  try {
    const answer = await fetch(url, options);
    return [answer, await answer.json()];
  } catch {
    throw new Lost("The server does not respond.");
  }
}

export const post = (path, json = {}, more = {}) => ask(path, { method: "POST", json, ...more });

const RETRY_MILLISECONDS = 1000;

/** Receive the events of a session until the returned function is called. Reconnects automatically. */
export function listen(session, heard, state) {
  // EventSource cannot send a key
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

/** Read events as they arrive, each one a line of JSON; an empty line ends an event. */
async function eachEvent(body, heard) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const lines = (rest + part.value).split("\n");
    rest = lines.pop();
    for (const line of lines) if (line.startsWith("data: ")) heard(JSON.parse(line.slice(6)));
  }
}
