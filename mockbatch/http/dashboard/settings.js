// The options of a session: the relevant ones in the page header and beside the rules.

import { h } from "./dom.js";
import { counted } from "./format.js";
import { ask } from "./server.js";
import * as address from "./address.js";

/** Shown even at their defaults, since all draws and delays depend on them. */
const ALWAYS = ["delay_preset", "seed"];
/** Hidden if shown elsewhere: the clock in the time bar, and preset delays that are overridden. */
const SAID = {
  clock_start: () => true,
  frozen: () => true,
  delay_preset: (all) => Boolean(all.get("delay") || all.get("wait") || all.get("progression") === "immediate"),
};
const OF_CLOCK = ["clock_start", "frozen"];
const FIRST = [
  "preset",
  "fail_rate",
  "mix",
  "replies",
  "progression",
  "delay_preset",
  "wait",
  "delay",
  "never",
  "speedup",
  "seed",
];

/** Load the settings of the session shown. */
export const inForce = () => ask("settings");

const flag = (name) => name.replaceAll("_", "-");
const written = (value) => (value === true ? "on" : value === false ? "off" : value === null ? "none" : String(value));
const rank = ({ name }) => (FIRST.indexOf(name) + FIRST.length + 1) % (FIRST.length + 1);
const isSet = (one) => JSON.stringify(one.value) !== JSON.stringify(one.default) || one.origin !== "default";

/** The settings that distinguish this session, most important first. */
export function telling({ settings }) {
  const all = new Map(settings.map((one) => [one.name, one.value]));
  return settings
    .filter(
      (one) =>
        (isSet(one) || ALWAYS.includes(one.name)) &&
        !(SAID[one.name]?.(all) && (one.origin === "default" || OF_CLOCK.includes(one.name))),
    )
    .sort((a, b) => rank(a) - rank(b));
}

export const valueOf = ({ settings }, name) => settings.find((one) => one.name === name)?.value;

/** One line for the page header. */
export function strip(found) {
  const words = telling(found).map((one) =>
    h(
      "span",
      { class: "setting", title: `${one.help}\nFrom: ${one.origin}` },
      h("span", { class: "dim" }, flag(one.name)),
      " ",
      written(one.value),
    ),
  );
  return h(
    "section",
    { class: "strip", "aria-label": "In force" },
    h(
      "a",
      {
        href: address.link({ view: "faults", row: "", call: "" }),
        class: "strip-link",
        title: "All options and rules",
      },
      "Options",
    ),
    h(
      "span",
      { class: "strip-words" },
      words,
      found.files.map((name) => h("span", { class: "setting" }, h("span", { class: "dim" }, "read from"), " ", name)),
    ),
  );
}

/** The options as a table: those set, and all others collapsed. */
export function panel(found) {
  const shown = telling(found);
  const others = found.settings.filter((one) => !shown.includes(one));
  return h(
    "section",
    { class: "options-panel", "aria-label": "Options" },
    h(
      "h3",
      {},
      "Options ",
      h("span", { class: "dim" }, found.files.length ? `read from ${found.files.join(", ")}` : "no configuration file"),
    ),
    table(shown),
    h("details", {}, h("summary", {}, `${counted(others.length, "other")} at their defaults`), table(others)),
  );
}

function table(settings) {
  return h(
    "table",
    { class: "table settings" },
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        ["option", "value", "from"].map((name) => h("th", { scope: "col" }, name)),
      ),
    ),
    h(
      "tbody",
      {},
      settings.map((one) =>
        h(
          "tr",
          { title: one.help },
          h("th", { scope: "row", class: "mono" }, flag(one.name)),
          h("td", { class: "mono" }, written(one.value)),
          h("td", { class: "dim" }, one.origin),
        ),
      ),
    ),
  );
}

/** Behavior without armed rules; it mentions random failures, if configured. */
export function unarmed(found) {
  const share = valueOf(found, "fail_rate");
  if (share > 0) {
    const { origin } = found.settings.find((one) => one.name === "fail_rate");
    return h(
      "p",
      { class: "blank warn" },
      `No rule is armed, but ${Number((share * 100).toPrecision(4))} % of the rows fail by lot (${origin}).`,
    );
  }
  return h("p", { class: "blank" }, "No rule is armed, and no row fails at random.");
}
