// The control plane of the server that this page came from. Nothing else is ever asked.

const BASE = new URL("_mockbatch/", location.href.split(/[?#]/)[0]);
export const ORIGIN = location.origin;

/** Whose session is looked at; whether the server answers. */
export const server = { session: null, lost: false };

export class Refused extends Error {}
export class Lost extends Error {}

/** What the server answers, as JSON. Throws Refused with the server's own sentence, Lost when it is away. */
export async function ask(path, { method = "GET", query = {}, json, body, type, of = server.session } = {}) {
  const url = new URL(path, BASE);
  const all = of ? { session: of, ...query } : query;
  for (const [name, value] of Object.entries(all)) {
    for (const one of [value].flat()) if (one !== null && one !== undefined && one !== "") url.searchParams.append(name, one);
  }
  const headers = json === undefined ? (type ? { "content-type": type } : {}) : { "content-type": "application/json" };
  const [answer, content] = await fetched(url, { method, headers, body: json === undefined ? body : JSON.stringify(json) });
  if (!answer.ok) throw new Refused(content?.error?.message ?? `status ${answer.status}`);
  return content;
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

const NEWS = [
  "hello", "batch.created", "batch.started", "batch.ended", "batch.archived", "batch.changed", "batch.deleted",
  "batch.downloaded", "clock", "rule", "call", "ledger", "reset",
];

/** Hear what happens in a session, until the function that is answered is called. It comes back by itself. */
export function listen(session, heard, state) {
  let source = null;
  let timer = null;
  let stopped = false;

  function open() {
    const url = new URL("events", BASE);
    url.searchParams.set("session", session);
    source = new EventSource(url);
    for (const kind of NEWS) source.addEventListener(kind, (event) => heard(JSON.parse(event.data)));
    source.onopen = () => state(true);
    source.onerror = () => {
      state(false);
      if (source.readyState === EventSource.CLOSED && !stopped) timer = setTimeout(open, 1000);
    };
  }
  open();
  return () => {
    stopped = true;
    clearTimeout(timer);
    source.close();
  };
}
