// Faults: all that could go wrong, armed with a click; and what is armed.

import { calmly, fill, h } from "./dom.js";
import { count, counted, instant } from "./format.js";
import { button, copyButton, guarded, prose, say } from "./parts.js";
import { ask, post } from "./server.js";
import { armed, disarmAll } from "./rules.js";
import { inForce, panel, unarmed } from "./settings.js";

let catalogue = null;

export function view(root) {
  const list = h("div", { class: "armed" });
  const cards = h("div", { class: "cards" });
  const search = h("input", { type: "search", class: "search", placeholder: "Search faults", "aria-label": "Search faults", oninput: () => drawCards() });
  fill(root, h("div", { class: "split even" },
    h("section", { class: "pane", "aria-label": "Catalogue" }, h("div", { class: "pane-head" }, h("h2", {}, "Faults")), h("div", { class: "pane-search" }, search), h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Catalogue of faults" }, cards)),
    h("section", { class: "pane", "aria-label": "Armed" }, list)));

  async function refresh() {
    catalogue ??= (await ask("faults")).faults;
    if (!cards.children.length) drawCards();
    drawArmed(...await Promise.all([armed(), inForce()]));
  }

  function drawCards() {
    if (!catalogue) return;
    const wanted = search.value.trim().toLowerCase();
    const found = catalogue.filter((fault) => !wanted || `${fault.name} ${fault.effect} ${fault.sdk}`.toLowerCase().includes(wanted));
    fill(cards, found.length ? found.map(card) : h("p", { class: "blank" }, "No fault is like that."));
  }

  function card(fault) {
    const fields = {};
    const times = h("input", { type: "number", min: "1", value: "3", class: "small-field", "aria-label": `How many times for ${fault.name}` });
    const rate = h("input", { type: "number", min: "0", max: "1", step: "0.05", value: "0.1", class: "small-field", "aria-label": `Share for ${fault.name}` });
    const perRow = fault.on[0] === "item";
    const arm = (how) => guarded(async () => {
      const rule = { fault: fault.name, ...how };
      for (const [name, field] of Object.entries(fields)) if (field.value !== "") (rule.with ??= {})[name] = read(fault.options[name], field.value);
      await post("rules", rule);
      say(`${fault.name} is armed`);
      await refresh();
    });
    const label = (text) => ({ "aria-label": `${text}: ${fault.name}`, "data-focus": `${text} ${fault.name}` });
    return h("article", { class: "card" },
      h("h3", { class: "mono" }, fault.name),
      h("p", {}, prose(fault.effect)),
      fault.sdk ? h("p", { class: "dim" }, "SDK: ", prose(fault.sdk)) : null,
      Object.keys(fault.options).length ? h("details", {}, h("summary", {}, counted(Object.keys(fault.options).length, "option")),
        h("div", { class: "options" }, Object.entries(fault.options).map(([name, option]) => h("label", {}, h("span", { class: "mono" }, name), (fields[name] = field(option)), h("span", { class: "dim" }, prose(option.help)))))) : null,
      h("div", { class: "line wrap arm" },
        button("Once", () => arm(perRow ? { exactly: 1 } : { times: 1 }), { class: "button arm-button", ...label("Arm once") }),
        h("span", { class: "pair" }, times, button("times", () => arm({ [perRow ? "exactly" : "times"]: Number(times.value) }), label("Arm so many times"))),
        h("span", { class: "pair" }, rate, button("rate", () => arm({ [perRow ? "rate" : "probability"]: Number(rate.value) }), label("Arm at a rate"))),
        button("Always", () => arm({}), label("Arm for always"))));
  }

  function field(option) {
    if (!option.choices.length || option.kind === "list") return h("input", { type: "text", placeholder: option.default === null ? "" : String(option.default) });
    return h("select", {}, h("option", { value: "" }, option.default === null ? "" : `${option.default} (default)`), option.choices.map((name) => h("option", { value: name }, name)));
  }

  function drawArmed(rules, settings) {
    const all = (part) => rules.map((rule) => rule[part]).join("\n");
    const shared = settings.shared_rules;
    fill(list,
      h("div", { class: "pane-head" }, h("h2", {}, "Armed ", h("span", { class: "dim" }, count(rules.length + shared.length))), h("span", { class: "spring" }),
        rules.length ? [copyButton(all("toml"), "Export TOML"), copyButton(all("pytest"), "Export pytest"), button("Disarm all", async () => {
          await disarmAll();
          await refresh();
        })] : null),
      h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "What is in force" },
        rules.length || shared.length ? h("ul", { class: "rules", role: "list", "aria-label": "Armed rules" }, rules.map(one), shared.map(sharedRule)) : unarmed(settings),
        panel(settings)));
  }

  function one(rule) {
    const { id: _, name: __, on, enabled, ...how } = rule.rule;
    return h("li", { class: enabled === false ? "rule off" : "rule" },
      h("div", { class: "line" }, h("b", { class: "mono" }, rule.name), h("span", { class: "badge" }, on), h("span", { class: "spring" }),
        h("span", {}, counted(rule.hits, "hit")), h("span", { class: "dim" }, rule.remaining === null ? "no limit" : `${count(rule.remaining)} left`)),
      h("code", { class: "how" }, JSON.stringify(how)),
      rule.warning ? h("p", { class: "warn" }, rule.warning) : null,
      h("div", { class: "line" }, h("span", { class: "dim" }, rule.last_hit ? `last hit ${instant(rule.last_hit)}` : "not hit yet"), h("span", { class: "spring" }),
        copyButton(rule.toml, "TOML", { "aria-label": `Copy ${rule.name} as TOML` }), copyButton(rule.pytest, "pytest", { "aria-label": `Copy ${rule.name} as pytest` }),
        button(enabled === false ? "Enable" : "Disable", async () => {
          await ask(`rules/${rule.id}`, { method: "PATCH", json: { enabled: enabled === false } });
          await refresh();
        }, { "aria-label": `${enabled === false ? "Enable" : "Disable"} ${rule.name}` }),
        button("Remove", async () => {
          await ask(`rules/${rule.id}`, { method: "DELETE" });
          await refresh();
        }, { "aria-label": `Remove ${rule.name}` })));
  }

  function sharedRule(rule) {
    const { name: _, on, ...how } = rule.rule;
    return h("li", { class: "rule" },
      h("div", { class: "line" }, h("b", { class: "mono" }, rule.name), h("span", { class: "badge" }, on), h("span", { class: "badge" }, "all sessions"), h("span", { class: "spring" }), h("span", {}, counted(rule.hits, "hit"))),
      h("code", { class: "how" }, JSON.stringify(how)), h("div", { class: "line" }, h("span", { class: "dim" }, "a rule of the server"), h("span", { class: "spring" }), copyButton(rule.toml, "TOML", { "aria-label": `Copy ${rule.name} as TOML` })));
  }

  const soon = calmly(300, () => guarded(refresh));
  return {
    title: "Faults",
    refresh,
    news: (event) => ["rule", "options", "call", "batch.ended", "reset"].includes(event.type) && soon(),
    changed: () => {},
    search: () => search,
    close: () => {},
  };
}

/** What was written, as the option takes it. */
function read(option, text) {
  if (["count", "share", "status"].includes(option.kind)) return Number(text);
  if (option.kind === "flag") return text === "true";
  if (option.kind === "json") {
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  }
  return text;
}
