// Keyboard shortcuts, and the dialog that explains them.

import { byId, fill, h } from "./dom.js";
import { button, guarded } from "./parts.js";
import * as address from "./address.js";
import * as timebar from "./timebar.js";

const KEYS = [
  ["j, k", "the next, the previous batch, row or call"],
  ["→, l", "from a batch to its rows"],
  ["←, h", "back to the batches"],
  ["x", "tick the batch or row that has the focus"],
  ["/", "search the list that is looked at"],
  ["space", "pause time, let it run"],
  [".", "to the next event"],
  ["d", "24 hours ahead"],
  ["1 – 6", "the views"],
  ["ctrl enter", "send the batch that is composed"],
  ["esc", "close"],
  ["?", "this help"],
];
const CLOSED = { row: "", call: "", as: "" };

let views = [];
let current = () => null;

/** `names` are the views in order; `shown` returns the current one. */
export function start(names, shown) {
  [views, current] = [names, shown];
  document.addEventListener("keydown", pressed);
  byId("skip").addEventListener("click", skip);
}

export function help() {
  const dialog = byId("help");
  fill(
    dialog,
    h(
      "div",
      { class: "line" },
      h("h2", { id: "help-title" }, "Keyboard"),
      h("span", { class: "spring" }),
      button("✕", () => dialog.close(), { class: "button quiet", "aria-label": "Close help" }),
    ),
    h(
      "dl",
      { class: "keys" },
      KEYS.map(([keys, does]) => h("div", {}, h("dt", {}, h("kbd", {}, keys)), h("dd", {}, does))),
    ),
  );
  dialog.showModal();
}

const writes = (element) => element?.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]");
const presses = (element) => element?.closest?.("button, summary, input, label");

const ACTIONS = {
  j: () => current().step?.(1),
  k: () => current().step?.(-1),
  l: () => current().into?.(),
  ArrowRight: () => current().into?.(),
  h: back,
  ArrowLeft: back,
  x: tick,
  "/": () => current().search?.()?.focus(),
  "?": help,
  ".": () => guarded(timebar.nextEvent),
  d: () => guarded(timebar.nextDay),
};

function pressed(event) {
  if (event.altKey || event.defaultPrevented || document.querySelector("dialog[open]")) return;
  if (event.metaKey || event.ctrlKey) send(event);
  else if (event.key === "Escape") escaped(event.target);
  else if (!writes(event.target)) act(event);
}

function send(event) {
  /** @type {HTMLElement | null} */
  const composed = document.querySelector("[aria-keyshortcuts~='Control+Enter']");
  if (event.key === "Enter") composed?.click();
}

function escaped(target) {
  if (writes(target)) target.blur();
  else back();
}

function act(event) {
  const view = /^[1-9]$/.test(event.key) ? views[event.key - 1] : undefined;
  const run =
    view !== undefined
      ? () => address.go({ view, q: "", ...CLOSED })
      : event.key === " " && !presses(event.target)
        ? () => guarded(timebar.toggle)
        : ACTIONS[event.key];
  if (!run) return;
  event.preventDefault();
  run();
}

function back() {
  if (address.get("row") || address.get("call")) address.go(CLOSED);
}

function tick() {
  const row = document.activeElement?.closest(".row");
  /** @type {HTMLElement | null | undefined} */
  const box = row?.querySelector("input[type=checkbox]");
  box?.click();
}

/** Skip to the first entry of the list, or to the content if there is no list. */
function skip(event) {
  event.preventDefault();
  /** @type {HTMLElement | null} */
  const first = document.querySelector("#view .row [data-focus=open]");
  (first ?? byId("content")).focus();
}
