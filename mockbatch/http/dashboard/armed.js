// The armed rules in words, and the settings in force.

import { fill, h } from "./dom.js";
import { count, counted, instant } from "./format.js";
import { button, copyButton } from "./parts.js";
import { ask } from "./server.js";
import { disarmAll } from "./rules.js";
import { panel, unarmed } from "./settings.js";
import { deed, inWords } from "./words.js";

/** Draw the rules and settings of a session. `refresh` runs when one was changed. */
export function drawArmed(root, rules, settings, refresh) {
  const shared = settings.shared_rules;
  fill(
    root,
    h(
      "div",
      { class: "pane-head" },
      h("h2", {}, "Armed ", h("span", { class: "dim" }, count(rules.length + shared.length))),
      h("span", { class: "spring" }),
      rules.length ? forAll(rules, refresh) : null,
    ),
    h(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": "Current options" },
      rules.length || shared.length
        ? h(
            "ul",
            { class: "rules", role: "list", "aria-label": "Armed rules" },
            rules.map((rule) => one(rule, refresh)),
            shared.map(sharedRule),
          )
        : unarmed(settings),
      panel(settings),
    ),
  );
}

function forAll(rules, refresh) {
  const all = (part) => rules.map((rule) => rule[part]).join("\n");
  return [
    copyButton(all("toml"), "TOML", { "aria-label": "Export TOML" }),
    copyButton(all("pytest"), "pytest", { "aria-label": "Export pytest" }),
    button("Disarm all", async () => {
      await disarmAll();
      await refresh();
    }),
  ];
}

function one(rule, refresh) {
  const off = rule.rule.enabled === false;
  return h(
    "li",
    { class: off ? "rule off" : "rule" },
    h(
      "div",
      { class: "line" },
      h("b", { class: "mono rule-name" }, rule.name),
      off ? h("span", { class: "badge" }, "off") : null,
      h("span", { class: "spring" }),
      h("span", {}, counted(rule.hits, "hit")),
      h("span", { class: "dim" }, rule.remaining === null ? "no limit" : `${count(rule.remaining)} left`),
    ),
    sentence(rule.rule),
    rule.warning ? h("p", { class: "warn" }, rule.warning) : null,
    h(
      "div",
      { class: "line" },
      h("span", { class: "dim" }, rule.last_hit ? `last hit ${instant(rule.last_hit)}` : "not hit yet"),
      h("span", { class: "spring" }),
      copyButton(rule.toml, "TOML", { "aria-label": `Copy ${rule.name} as TOML` }),
      copyButton(rule.pytest, "pytest", { "aria-label": `Copy ${rule.name} as pytest` }),
      button(
        off ? "Enable" : "Disable",
        async () => {
          await ask(`rules/${rule.id}`, { method: "PATCH", json: { enabled: off } });
          await refresh();
        },
        { "aria-label": `${off ? "Enable" : "Disable"} ${rule.name}`, "data-focus": `switch ${rule.id}` },
      ),
      button(
        "Remove",
        async () => {
          await ask(`rules/${rule.id}`, { method: "DELETE" });
          await refresh();
        },
        { "aria-label": `Remove ${rule.name}` },
      ),
    ),
  );
}

function sharedRule(rule) {
  return h(
    "li",
    { class: "rule" },
    h(
      "div",
      { class: "line" },
      h("b", { class: "mono rule-name" }, rule.name),
      h("span", { class: "badge" }, "all sessions"),
      h("span", { class: "spring" }),
      h("span", {}, counted(rule.hits, "hit")),
    ),
    sentence(rule.rule),
    h(
      "div",
      { class: "line" },
      h("span", { class: "dim" }, "a rule of the server"),
      h("span", { class: "spring" }),
      copyButton(rule.toml, "TOML", { "aria-label": `Copy ${rule.name} as TOML` }),
    ),
  );
}

function sentence(rule) {
  const does = deed(rule);
  return h(
    "p",
    { class: "how" },
    inWords(rule),
    " ",
    rule.fault && rule.fault !== rule.name ? h("code", {}, rule.fault) : null,
    does ? h("span", { class: "mono" }, ` ${does.slice(0, 400)}`) : null,
  );
}
