// The page: current view, session, keyboard, and server events.

import { byId, calmly, fill, h } from "./dom.js";
import { count } from "./format.js";
import { guarded } from "./parts.js";
import { listen, server } from "./server.js";
import * as address from "./address.js";
import * as banners from "./banners.js";
import * as batches from "./batches.js";
import * as keyboard from "./keyboard.js";
import * as problems from "./problems.js";
import * as row from "./row.js";
import * as sessions from "./sessions.js";
import { drawCorner } from "./theme.js";
import { askForKey } from "./unlock.js";
import * as timebar from "./timebar.js";

const VIEWS = {
  "": ["Batches", () => batches],
  journal: ["Journal", () => import("./journal.js")],
  faults: ["Faults", () => import("./faults.js")],
  problems: ["Problems", () => problems],
  money: ["Money", () => import("./money.js")],
  compose: ["Compose", () => import("./compose.js")],
};
/** A placeholder for views that are still loading. */
const NONE = { refresh: async () => {}, news: () => {}, changed: () => {}, close: () => {} };
/** Delay before the other views are loaded, in milliseconds, while the server is reachable. */
const OTHERS_AFTER = 1_500;

/** @type {any} */
let current = NONE;
let shownView = null;
let deaf = () => {};

/** Show the view named in the URL; return whether it changed. */
async function showView() {
  const name = VIEWS[address.get("view")] ? address.get("view") : "";
  if (name === shownView) return false;
  current.close();
  [shownView, current] = [name, NONE];
  byId("drawer").hidden = true;
  drawTabs();
  const module = await VIEWS[name][1]();
  if (shownView !== name) return false;
  current = module.view(byId("view"));
  document.title = `${current.title} · mockbatch`;
  return true;
}

function drawTabs() {
  fill(
    byId("tabs"),
    Object.entries(VIEWS).map(([name, [label]], at) =>
      h(
        "a",
        {
          href: address.link({ view: name, q: "", row: "", call: "", as: "" }),
          "aria-current": name === shownView ? "page" : null,
          "data-focus": name,
          title: `${label} (${at + 1})`,
          "aria-keyshortcuts": String(at + 1),
        },
        label,
        name === "problems" && problems.number()
          ? h("span", { class: "tab-count", "aria-label": `${problems.number()} problems` }, count(problems.number()))
          : null,
      ),
    ),
  );
}

async function refresh() {
  await Promise.all([timebar.refresh(), banners.refresh(), current.refresh(), shownView === "" ? row.refresh() : null]);
}

function heard(event) {
  if (
    [
      "clock",
      "batch.created",
      "batch.changed",
      "batch.deleted",
      "batch.ended",
      "batch.started",
      "reset",
      "hello",
    ].includes(event.type)
  )
    timebar.refreshSoon();
  if (["rule", "options", "call", "batch.ended", "reset"].includes(event.type)) banners.refreshSoon();
  if (COUNTED.includes(event.type)) recountSoon();
  current.news(event);
  if (shownView === "" && event.type.startsWith("batch.")) rowSoon();
}

/** Events that may add or resolve a problem. */
const COUNTED = ["hello", "batch.ended", "batch.deleted", "batch.downloaded", "rule", "call", "reset"];
/** Delay before problems are counted, in milliseconds: counting reads all rows, so the visible part goes first. */
const COUNT_AFTER = 2_000;
const recountSoon = calmly(COUNT_AFTER, () =>
  new Promise((done) => setTimeout(done, COUNT_AFTER)).then(problems.recount),
);
const rowSoon = calmly(500, () => guarded(row.refresh));

async function enter(id) {
  deaf();
  server.session = id;
  sessions.draw();
  if (id) deaf = listen(id, heard, connected);
  await guarded(refresh);
}

function connected(there) {
  const back = server.lost && there;
  if (server.lost === !there) return;
  server.lost = !there;
  banners.show();
  if (back) guarded(refresh);
}

address.onChange(async () => {
  const wanted = address.get("session");
  const elsewhere = wanted && wanted !== server.session && sessions.has(wanted);
  const another = await showView();
  if (elsewhere) await guarded(() => enter(wanted));
  else if (another) await guarded(refresh);
  else current.changed();
  drawTabs();
  if (shownView === "" && !elsewhere) await guarded(row.refresh);
});

server.onLocked = (message) =>
  askForKey(message, async () => {
    await sessions.look();
    await guarded(refresh);
  });

/** Load a view ahead of time. If that fails, it is loaded when it is shown. */
async function preload(load) {
  try {
    await load();
  } catch {
    // an unreachable server is reported above all views
  }
}

async function begin() {
  drawCorner();
  keyboard.start(Object.keys(VIEWS), () => current);
  timebar.start(() => (shownView === "" ? current.running?.() : null) ?? null);
  timebar.show();
  await showView();
  problems.onNumber(drawTabs);
  sessions.start({ enter, connected });
  await sessions.look();
  if (!server.session) await guarded(refresh);
  setInterval(sessions.look, 2000);
  setTimeout(() => Object.values(VIEWS).forEach(([, load]) => preload(load)), OTHERS_AFTER);
  // progress of rows is not an event
  setInterval(() => timebar.moves() && !document.hidden && current.moved?.(), 1000);
}

begin();
