// The form for a rule: which rows or calls, how often, when; and the options of its fault.

import { fill, h } from "./dom.js";
import { guarded, prose, say } from "./parts.js";
import { post } from "./server.js";
import { now } from "./timebar.js";
import { inWords, struckBy } from "./words.js";

const UNITS = { minutes: 60, hours: 3600, days: 86400 };
const OF_ROWS = {
  "": "all of them",
  custom_id: "those whose custom_id matches",
  model: "those whose model matches",
  prompt: "those whose prompt contains",
};
const OF_MESSAGES = { "": OF_ROWS[""], model: OF_ROWS.model, prompt: OF_ROWS.prompt };
const OF_BATCHES = { "": "all of them", batch: "those of the batch" };
const OFTEN_ROWS = { exactly: "so many of each batch", rate: "a share of them", all: "all of them" };
const OFTEN_CALLS = {
  times: "the next ones, so many",
  every: "one in so many",
  probability: "a share of them",
  all: "every time",
};
const ATTEMPTS = { once: 1, twice: 2 };
const SHARES = ["rate", "probability"];

/** The dialog for one fault. `armed` runs when its rule was accepted. */
export class FaultForm {
  constructor(armed) {
    this.armed = armed;
    this.fields = {};
    this.element = h("dialog", { class: "help form", "aria-labelledby": "form-title" });
  }

  open(fault) {
    this.fault = fault;
    this.options = {};
    this.draw();
    this.element.showModal();
  }

  draw() {
    const { fault } = this;
    const on = select("on", Object.fromEntries(fault.on.map((scope) => [scope, struckBy(scope)])), () =>
      this.drawQuestions(),
    );
    this.fields = { on };
    this.questions = h("div", { class: "questions" });
    this.sentence = h("p", { class: "sentence", role: "status" });
    this.problem = h("p", { class: "problem", role: "alert", hidden: true });
    fill(
      this.element,
      h(
        "form",
        { method: "dialog", onsubmit: (event) => this.submit(event), oninput: () => this.tell() },
        h(
          "div",
          { class: "line" },
          h("h2", { id: "form-title", class: "mono" }, fault.name),
          h("span", { class: "spring" }),
          h(
            "button",
            {
              type: "button",
              class: "button quiet",
              "aria-label": "Close the form",
              onclick: () => this.element.close(),
            },
            "✕",
          ),
        ),
        h("p", {}, prose(fault.effect)),
        fault.on.length > 1 ? question("What does it apply to?", on) : null,
        this.questions,
        this.drawOptions(),
        this.sentence,
        this.problem,
        h(
          "div",
          { class: "line" },
          h("span", { class: "spring" }),
          h("button", { type: "submit", class: "button primary" }, "Arm it"),
        ),
      ),
    );
    this.drawQuestions();
  }

  drawQuestions() {
    const scope = this.fields.on.value;
    const rows = scope === "item";
    const batches = ["batch", "retrieve", "cancel", "delete", "results"].includes(scope);
    const which = rows ? OF_ROWS : scope === "messages" ? OF_MESSAGES : batches ? OF_BATCHES : { "": "all of them" };
    Object.assign(this.fields, {
      which: select("which", which, () => this.tell()),
      pattern: text("pattern", "row-*", "Value"),
      often: select("often", rows ? OFTEN_ROWS : OFTEN_CALLS, () => this.suggest()),
      number: number("number", "1", "A number, or a percentage"),
      when: select("when", { "": "always", next: "for the next, of virtual time" }, () => this.tell()),
      length: number("length", "1", "How long"),
      unit: select("unit", Object.fromEntries(Object.keys(UNITS).map((name) => [name, name])), () => this.tell()),
      attempts: select(
        "attempts",
        {
          "": "again each time it is sent",
          once: "only the first time it is sent",
          twice: "only the first two times it is sent",
        },
        () => this.tell(),
      ),
    });
    const { fields } = this;
    fill(
      this.questions,
      Object.keys(which).length > 1
        ? question(rows ? "Which rows?" : `Which ${struckBy(scope)}?`, fields.which, fields.pattern)
        : null,
      question("How often?", fields.often, fields.number),
      question("When?", fields.when, fields.length, fields.unit),
      rows ? question("When a row is resent?", fields.attempts) : null,
    );
    this.tell();
  }

  drawOptions() {
    const options = Object.entries(this.fault.options);
    if (!options.length) return null;
    return h(
      "fieldset",
      { class: "options" },
      h("legend", {}, "How?"),
      options.map(([name, option]) =>
        h(
          "label",
          {},
          h("span", { class: "mono" }, name),
          (this.options[name] = field(option)),
          h("span", { class: "dim" }, prose(option.help)),
        ),
      ),
    );
  }

  suggest() {
    this.fields.number.value = SHARES.includes(this.fields.often.value) ? "10" : "1";
    this.tell();
  }

  /** Return the rule that the form describes. */
  rule() {
    const { on, which, pattern, often, number: amount, when, length, unit, attempts } = this.fields;
    const rule = { fault: this.fault.name, on: on.value };
    if (which.value) rule.match = { [which.value]: pattern.value || "*" };
    if (often.value !== "all")
      rule[often.value] = SHARES.includes(often.value) ? Number(amount.value) / 100 : Number(amount.value);
    if (when.value) rule.during = { from: iso(now()), to: iso(now() + Number(length.value) * UNITS[unit.value]) };
    if (on.value === "item" && attempts.value) rule.fail_attempts = ATTEMPTS[attempts.value];
    for (const [name, input] of Object.entries(this.options))
      if (input.value !== "") (rule.with ??= {})[name] = read(this.fault.options[name], input.value);
    return rule;
  }

  tell() {
    const { which, pattern, often, number: amount, when, length, unit } = this.fields;
    pattern.hidden = !which.value;
    amount.hidden = often.value === "all";
    length.hidden = unit.hidden = !when.value;
    this.sentence.textContent = inWords(this.rule());
  }

  submit(event) {
    event.preventDefault();
    this.problem.hidden = true;
    return guarded(async () => {
      try {
        await post("rules", this.rule());
      } catch (error) {
        this.problem.hidden = false;
        this.problem.textContent = error.message;
        return;
      }
      this.element.close();
      say(`${this.fault.name} is armed`);
      await this.armed();
    });
  }
}

const iso = (seconds) => new Date(seconds * 1000).toISOString();

function question(words, ...fields) {
  return h(
    "div",
    { class: "question", role: "group", "aria-label": words },
    h("span", { class: "question-words" }, words),
    h("div", { class: "line wrap" }, fields),
  );
}

const LABELS = {
  on: "Applies to",
  which: "Which ones",
  often: "How often",
  when: "When",
  unit: "Unit of time",
  attempts: "When resent",
};

function select(name, choices, changed) {
  return h(
    "select",
    { "aria-label": LABELS[name], onchange: changed },
    Object.entries(choices).map(([value, label]) => h("option", { value }, label)),
  );
}

function text(name, placeholder, label) {
  return h("input", { type: "text", class: "mono", placeholder, "aria-label": label, spellcheck: "false" });
}

function number(name, value, label) {
  return h("input", { type: "number", min: "0", step: "any", class: "short", value, "aria-label": label });
}

function field(option) {
  if (!option.choices.length || option.kind === "list")
    return h("input", { type: "text", placeholder: option.default === null ? "" : String(option.default) });
  return h(
    "select",
    {},
    h("option", { value: "" }, option.default === null ? "" : `${option.default} (default)`),
    option.choices.map((name) => h("option", { value: name }, name)),
  );
}

/** Parse the input for an option. */
function read(option, written) {
  if (["count", "share", "status"].includes(option.kind)) return Number(written);
  if (option.kind === "flag") return written === "true";
  if (option.kind !== "json") return written;
  try {
    return JSON.parse(written);
  } catch {
    return written;
  }
}
