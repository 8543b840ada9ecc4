// Faults in groups, armed by a click or a form; presets; and the armed rules.

import { calmly, fill, h } from "./dom.js";
import { count } from "./format.js";
import { button, guarded, prose, say } from "./parts.js";
import { ask, post, server } from "./server.js";
import { drawArmed } from "./armed.js";
import { FaultForm } from "./faultform.js";
import { armed } from "./rules.js";
import { inForce } from "./settings.js";

const GROUPS = {
  item: "Row outcomes and replies",
  batch: "Batch lifecycle",
  cancel: "Batch lifecycle",
  http: "Responses to calls",
  create: "Responses to calls",
  retrieve: "Responses to calls",
  list: "Responses to calls",
  results: "Result downloads",
  connection: "Connections",
  messages: "Message streams",
  webhook: "Webhooks",
  refused: "Account limits",
  compat: "Possible future API changes",
};
const OTHERS = "Others";
let catalogue = null;

export const view = (root) => new Faults(root);

class Faults {
  constructor(root) {
    this.title = "Faults";
    this.list = h("div", { class: "armed" });
    this.cards = h("div", { class: "catalogue" });
    this.form = new FaultForm(() => this.refresh());
    this.field = h("input", {
      type: "search",
      class: "search",
      placeholder: "Search faults",
      "aria-label": "Search faults",
      oninput: () => this.drawCards(),
    });
    this.soon = calmly(300, () => guarded(() => this.refresh()));
    fill(
      root,
      h(
        "div",
        { class: "split even" },
        h(
          "section",
          { class: "pane", "aria-label": "Catalogue" },
          h("div", { class: "pane-head" }, h("h2", {}, "Faults")),
          h("div", { class: "pane-search" }, this.field),
          h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Catalogue of faults" }, this.cards),
        ),
        h("section", { class: "pane", "aria-label": "Armed" }, this.list),
      ),
      this.form.element,
    );
  }

  async refresh() {
    catalogue ??= await ask("faults");
    if (!this.cards.children.length) this.drawCards();
    const [rules, settings] = await Promise.all([armed(), inForce()]);
    drawArmed(this.list, rules, settings, () => this.refresh());
  }

  drawCards() {
    if (!catalogue) return;
    const wanted = this.field.value.trim().toLowerCase();
    const meets = (...texts) => !wanted || texts.join(" ").toLowerCase().includes(wanted);
    const presets = catalogue.presets.filter((one) => meets(one.name, one.summary, "preset"));
    const found = catalogue.faults.filter((one) => meets(one.name, one.effect, one.sdk, groupOf(one)));
    const groups = Map.groupBy(found, groupOf);
    fill(
      this.cards,
      presets.length
        ? group(
            "Presets: several at once",
            presets.map((one) => this.preset(one)),
            "presets",
          )
        : null,
      [...groups].map(([name, faults]) =>
        group(
          name,
          faults.map((one) => this.card(one)),
        ),
      ),
      presets.length || found.length ? null : h("p", { class: "blank" }, "No matching faults."),
    );
  }

  preset({ name, summary, options, rules }) {
    const sets = Object.entries(options)
      .map(([option, value]) => `${option.replaceAll("_", "-")} ${value}`)
      .join(", ");
    const does = [
      rules.length ? `arms ${count(rules.length)} ${rules.length === 1 ? "rule" : "rules"}` : "",
      sets ? `sets ${sets}` : "",
    ]
      .filter(Boolean)
      .join(", ");
    return h(
      "article",
      { class: "preset" },
      h("h4", { class: "mono" }, name),
      h("p", {}, summary, h("span", { class: "dim" }, ` – ${does}`)),
      button("Arm all", () => this.armPreset({ name, options, rules }), {
        class: "button arm-button",
        "aria-label": `Arm the preset ${name}`,
        "data-focus": `preset ${name}`,
      }),
    );
  }

  async armPreset({ name, options, rules }) {
    if (Object.keys(options).length)
      await ask(`sessions/${server.session}`, { method: "PATCH", json: { options }, of: null });
    if (rules.length) await post("rules", rules);
    say(`The preset ${name} is in force`);
    await this.refresh();
  }

  card(fault) {
    const label = (text) => ({ "aria-label": `${text}: ${fault.name}`, "data-focus": `${text} ${fault.name}` });
    return h(
      "article",
      { class: "card" },
      h("h4", { class: "mono" }, fault.name),
      h("p", {}, prose(fault.effect)),
      fault.sdk ? h("p", { class: "dim" }, "SDK: ", prose(fault.sdk)) : null,
      h(
        "div",
        { class: "line arm" },
        button("Once", () => this.armOnce(fault), {
          class: "button arm-button",
          title: fault.on[0] === "item" ? "One row of each batch" : "The next one",
          ...label("Arm once"),
        }),
        button("Which, when, how often …", () => this.form.open(fault), label("Arm in words")),
      ),
    );
  }

  async armOnce(fault) {
    await post("rules", { fault: fault.name, ...(fault.on[0] === "item" ? { exactly: 1 } : { times: 1 }) });
    say(`${fault.name} is armed`);
    await this.refresh();
  }

  news(event) {
    if (["rule", "options", "call", "batch.ended", "reset"].includes(event.type)) this.soon();
  }

  changed() {}

  search() {
    return this.field;
  }

  close() {}
}

const groupOf = ({ name }) => GROUPS[name.split(".")[0]] ?? OTHERS;

function group(name, cards, kind = "cards") {
  return h(
    "section",
    { class: "fault-group", "aria-label": name },
    h("h3", {}, name, h("span", { class: "dim" }, ` ${count(cards.length)}`)),
    h("div", { class: kind }, cards),
  );
}
