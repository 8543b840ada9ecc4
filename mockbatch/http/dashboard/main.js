// The page: which view is shown, whose session, what the keyboard does, and what is heard of the server.

import { byId, calmly, fill, h } from "./dom.js";
import { count } from "./format.js";
import { button, guarded } from "./parts.js";
import { listen, server } from "./server.js";
import * as address from "./address.js";
import * as banners from "./banners.js";
import * as batches from "./batches.js";
import * as compose from "./compose.js";
import * as faults from "./faults.js";
import * as journal from "./journal.js";
import * as money from "./money.js";
import * as problems from "./problems.js";
import * as row from "./row.js";
import * as sessions from "./sessions.js";
import { askForKey } from "./unlock.js";
import * as timebar from "./timebar.js";

const VIEWS = { "": ["Batches", batches], journal: ["Journal", journal], faults: ["Faults", faults], problems: ["Problems", problems], money: ["Money", money], compose: ["Compose", compose] };
const KEYS = [["j, k", "the next, the previous batch or row"], ["/", "search"], ["space", "pause time, let it run"], [".", "to the next event"], ["1 – 6", "the views"], ["esc", "close"], ["?", "this help"]];
const THEMES = ["auto", "light", "dark"];

let current = null;
let shownView = null;
let deaf = () => {};

function showView() {
  const name = VIEWS[address.get("view")] ? address.get("view") : "";
  if (name === shownView) return false;
  current?.close();
  shownView = name;
  byId("drawer").hidden = true;
  current = VIEWS[name][1].view(byId("view"));
  document.title = `${current.title} · mockbatch`;
  drawTabs();
  return true;
}

function drawTabs() {
  fill(byId("tabs"), Object.entries(VIEWS).map(([name, [label]]) => h("a", {
    href: address.link({ view: name, q: "", row: "", call: "", as: "" }), "aria-current": name === shownView ? "page" : null, "data-focus": name,
  }, label, name === "problems" && problems.number() ? h("span", { class: "tab-count", "aria-label": `${problems.number()} problems` }, count(problems.number())) : null)));
}

async function refresh() {
  await Promise.all([timebar.refresh(), banners.refresh(), current.refresh(), shownView === "" ? row.refresh() : null]);
}

function heard(event) {
  if (["clock", "batch.created", "batch.changed", "batch.deleted", "batch.ended", "batch.started", "reset", "hello"].includes(event.type)) timebar.refreshSoon();
  if (["rule", "options", "call", "batch.ended", "reset"].includes(event.type)) banners.refreshSoon();
  if (COUNTED.includes(event.type)) recountSoon();
  current.news(event);
  if (shownView === "" && event.type.startsWith("batch.")) rowSoon();
}

/** What may make a problem, or solve one. */
const COUNTED = ["hello", "batch.ended", "batch.deleted", "batch.downloaded", "rule", "call", "reset"];
const recountSoon = calmly(2000, () => new Promise((done) => setTimeout(done, 600)).then(problems.recount));
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

function drawCorner() {
  const theme = localStorage.getItem("mockbatch-theme") ?? "auto";
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  fill(byId("corner"),
    button({ auto: "◐", light: "☀", dark: "☾" }[theme], () => {
      localStorage.setItem("mockbatch-theme", THEMES[(THEMES.indexOf(theme) + 1) % 3]);
      drawCorner();
    }, { class: "button quiet", "aria-label": `Colours: ${theme}`, title: `Colours: ${theme}`, "data-focus": "theme" }),
    button("?", help, { class: "button quiet", "aria-label": "Keyboard help", title: "Keyboard (?)" }));
}

function help() {
  const dialog = byId("help");
  fill(dialog, h("div", { class: "line" }, h("h2", { id: "help-title" }, "Keyboard"), h("span", { class: "spring" }), button("✕", () => dialog.close(), { class: "button quiet", "aria-label": "Close help" })),
    h("dl", { class: "keys" }, KEYS.map(([keys, does]) => h("div", {}, h("dt", {}, h("kbd", {}, keys)), h("dd", {}, does)))));
  dialog.showModal();
}

const writes = (element) => element?.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]");
const presses = (element) => element?.closest?.("button, summary, input, label");

document.addEventListener("keydown", (event) => {
  if (event.metaKey || event.ctrlKey || event.altKey) return;
  if (document.querySelector("dialog[open]")) return;
  if (event.key === "Escape") {
    if (writes(event.target)) event.target.blur();
    else if (address.get("row") || address.get("call")) address.go({ row: "", call: "", as: "" });
    return;
  }
  if (writes(event.target)) return;
  const run = {
    j: () => current.step?.(1), k: () => current.step?.(-1), "/": () => current.search?.().focus(), "?": help,
    " ": presses(event.target) ? null : () => guarded(timebar.toggle), ".": () => guarded(timebar.nextEvent),
  }[event.key] ?? (/^[1-6]$/.test(event.key) ? () => address.go({ view: Object.keys(VIEWS)[event.key - 1], q: "", row: "", call: "", as: "" }) : null);
  if (!run) return;
  event.preventDefault();
  run();
});

address.onChange(() => {
  const wanted = address.get("session");
  if (wanted && wanted !== server.session && sessions.has(wanted)) {
    showView();
    guarded(() => enter(wanted));
    return;
  }
  if (showView()) guarded(refresh);
  else current.changed();
  drawTabs();
  if (shownView === "") guarded(row.refresh);
});

server.onLocked = (message) => askForKey(message, async () => {
  await sessions.look();
  await guarded(refresh);
});

async function begin() {
  drawCorner();
  timebar.start(() => (shownView === "" ? current?.running?.() : null) ?? null);
  timebar.show();
  showView();
  problems.onNumber(drawTabs);
  sessions.start({ enter, connected });
  await sessions.look();
  if (!server.session) await guarded(refresh);
  setInterval(sessions.look, 2000);
  // what time does to rows is no event
  setInterval(() => timebar.moves() && !document.hidden && current.moved?.(), 1000);
}

begin();
