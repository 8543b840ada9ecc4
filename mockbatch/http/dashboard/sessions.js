// The sessions, and the one shown: the one in the URL, else the latest with content.

import { byId, fill, h } from "./dom.js";
import { counted } from "./format.js";
import { say } from "./parts.js";
import { ask, server } from "./server.js";
import * as address from "./address.js";

let sessions = [];
let entered = false;
/** @type {(id: string | null) => Promise<void> | void} */
let enter = async () => {};
/** @type {(isConnected: boolean) => void} */
let connected = () => {};
const missing = new Set();

/** `enter` is called with the id of the session to show, or null; `connected` with whether the server responds. */
export function start(heard) {
  ({ enter, connected } = heard);
}

export const has = (id) => sessions.some((one) => one.id === id);

/** Load the sessions, and switch to another one if the URL or its absence requires it. */
export async function look() {
  if (server.locked) return;
  const found = await asked();
  if (!found) return;
  const same = JSON.stringify(found.map(shown)) === JSON.stringify(sessions.map(shown));
  sessions = found;
  sayMissing();
  const next = wanted();
  if (next !== server.session || (next && !entered)) {
    entered = true;
    await enter(next);
  } else if (!same) draw();
}

async function asked() {
  try {
    const found = (await ask("sessions", { of: null })).sessions;
    if (!server.session) connected(true);
    return found;
  } catch {
    if (!server.locked) connected(false);
    return null;
  }
}

const shown = ({ id, label, key_end, batches }) => [id, label, key_end, batches];
const latest = () => sessions.findLast((one) => one.batches) ?? sessions.at(-1);

function wanted() {
  const named = address.get("session") || server.session;
  if (has(named)) return named;
  return address.get("session") && !server.session ? null : (latest()?.id ?? null);
}

/** Say once that the session in the URL does not exist, and continue with another. */
function sayMissing() {
  const named = address.get("session");
  if (!named || has(named) || missing.has(named) || !latest() || server.session === latest().id) return;
  missing.add(named);
  say(`There is no session ${named}`, { kind: "bad" });
  address.go({ session: "" }, { replace: true });
}

/** The display name of a session: its label, else the end of its key, else its id. */
function nameOf({ id, label, key_end, workspace }) {
  const name = label || (key_end ? `key …${key_end}` : `session ${id.slice(0, 8)}`);
  const twin = sessions.some(
    (one) => one.id !== id && one.label === label && one.key_end === key_end && one.workspace === workspace,
  );
  return [name, workspace, twin ? id.slice(0, 4) : ""].filter(Boolean).join(" · ");
}

const colour = (id) => `hsl(${parseInt(id.slice(0, 6), 16) % 360} 55% 50%)`;

export function draw() {
  if (!sessions.length) {
    fill(byId("session"), h("span", { class: "dim" }, "no session yet"));
    return;
  }
  fill(
    byId("session"),
    h("span", { class: "dot", style: { background: server.session ? colour(server.session) : "transparent" } }),
    h(
      "select",
      {
        "aria-label": "Session",
        "data-focus": "session",
        onchange: (event) => {
          address.go({ session: event.target.value, batch: "", row: "", call: "" });
        },
      },
      sessions.map((one) =>
        h(
          "option",
          { value: one.id, selected: one.id === server.session },
          `${nameOf(one)} · ${counted(one.batches, "batch", "batches")}`,
        ),
      ),
    ),
  );
}
