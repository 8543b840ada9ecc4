// Shared components: state letters, bars, copyable text, toasts.

import { byId, h, svg } from "./dom.js";
import { count } from "./format.js";
import { Lost, Refused } from "./server.js";

export const KINDS = ["succeeded", "errored", "canceled", "expired", "processing"];
const LETTERS = { succeeded: "S", errored: "E", canceled: "C", expired: "X", processing: "P" };

/** The letter of a state, for users who cannot rely on colour. */
export function letter(kind) {
  return h("span", { class: `letter ${kind}`, title: kind, "aria-label": kind, role: "img" }, LETTERS[kind] ?? "?");
}

export const told = (counts) =>
  KINDS.filter((kind) => counts[kind])
    .map((kind) => `${count(counts[kind])} ${kind}`)
    .join(", ") || "no requests";

/** A bar of row counts by state. */
export function bar(counts, size, label, slim = false) {
  const parts = KINDS.filter((kind) => counts[kind]).map((kind) =>
    h("span", { class: `part ${kind}`, style: { "flex-grow": String(counts[kind] / Math.max(size, 1)) } }),
  );
  return h("div", { class: slim ? "bar slim" : "bar", role: "img", "aria-label": `${label}: ${told(counts)}` }, parts);
}

export function legend(counts) {
  return h(
    "ul",
    { class: "legend", role: "list" },
    KINDS.filter((kind) => counts[kind]).map((kind) =>
      h("li", {}, letter(kind), h("b", {}, count(counts[kind])), h("span", { class: "dim" }, kind)),
    ),
  );
}

export function statusBadge(status) {
  return h("span", { class: `badge ${status}` }, status.replace("_", " "));
}

export function button(label, run, more = {}) {
  return h(
    "button",
    {
      type: "button",
      class: "button",
      "data-focus": typeof label === "string" ? label : null,
      ...more,
      onclick: (event) => guarded(() => run(event)),
    },
    label,
  );
}

/** Run an action, and show its error message if it is refused. */
export async function guarded(run) {
  try {
    return await run();
  } catch (error) {
    // an unreachable server is reported above all views
    if (error instanceof Refused) say(error.message, { kind: "bad" });
    else if (!(error instanceof Lost)) throw error;
    return undefined;
  }
}

export function copyButton(text, label = "Copy", more = {}) {
  return h(
    "button",
    {
      type: "button",
      class: "button quiet",
      "data-focus": `copy ${label}`,
      ...more,
      onclick: () => copy(typeof text === "function" ? text() : text),
    },
    label,
  );
}

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = h("textarea", { class: "sr", "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  say("Copied");
}

/** Show a toast; `undo` is offered for `seconds`. */
export function say(text, { kind = "", undo = null, seconds = undo ? 10 : 4, then = () => {} } = {}) {
  const toast = h("div", { class: `toast ${kind}` }, h("span", {}, text));
  const end = () => {
    toast.remove();
    then();
  };
  const timer = setTimeout(end, seconds * 1000);
  if (undo) {
    toast.append(
      button("Undo", async () => {
        clearTimeout(timer);
        toast.remove();
        await undo();
      }),
    );
  }
  byId("toasts").classList.toggle("above", pressed > innerHeight / 2);
  byId("toasts").append(toast);
}

/** The vertical position of the last click, which a toast must not cover. */
let pressed = 0;
document.addEventListener(
  "click",
  (event) => {
    const box = event.target instanceof Element ? event.target.getBoundingClientRect() : null;
    pressed = event.clientY || (box ? (box.top + box.bottom) / 2 : 0);
  },
  { capture: true },
);

/** Text in which backticks mark code. */
export const prose = (text) => text.split("`").map((part, at) => (at % 2 ? h("code", {}, part) : part));

export const copyIcon = () =>
  svg(
    "svg",
    {
      viewBox: "0 0 16 16",
      width: "13",
      height: "13",
      "aria-hidden": "true",
      fill: "none",
      stroke: "currentColor",
      "stroke-width": "1.5",
    },
    svg("rect", { x: "5.5", y: "5.5", width: "8", height: "8", rx: "2" }),
    svg("path", { d: "M10.5 3.5v-1h-8v8h1" }),
  );

export const code = (text, label, more = {}) =>
  h("pre", { class: "code", tabindex: "0", role: "region", "aria-label": label, ...more }, text);
