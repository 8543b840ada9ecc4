// The rows of a batch: a virtual list with request and reply, sorting and search.

import { fill, h } from "./dom.js";
import { count, money } from "./format.js";
import { letter } from "./parts.js";
import { ask, Refused } from "./server.js";
import { Windowed } from "./windowed.js";
import * as address from "./address.js";
import { age } from "./ages.js";
import { Previews } from "./previews.js";
import * as timebar from "./timebar.js";

const HEADS = [
  ["index", "row", ""],
  ["", "prompt", ""],
  ["", "reply, or error", ""],
  ["input_tokens", "in", "number"],
  ["output_tokens", "out", "number"],
  ["cost", "USD", "number"],
];
const NEXT = { "": "-", "-": "+", "+": "" };

/** Sorting reads all rows, which justifies a larger page. */
const pageOf = (sort) => (sort ? 500 : 100);

/** `chosen` are the checked custom_ids; `onChoice` and `onProblem` are called on changes. */
export class RowList {
  constructor(batch, { chosen, onChoice, onProblem }) {
    this.batch = batch;
    this.chosen = chosen;
    this.onChoice = onChoice;
    this.onProblem = onProblem;
    this.size = 0;
    this.heads = h("div", { class: "item heads" });
    this.list = new Windowed({
      label: "Rows",
      rowHeight: 36,
      load: (start, limit) => this.load(start, limit),
      draw: (row) => this.draw(row),
      empty: () => "No matching rows.",
      onCount: onChoice,
    });
    this.previews = new Previews(batch, this.list.element);
    this.element = h("div", { class: "rowlist" }, this.heads, this.list.element);
    this.drawHeads();
    this.list.page = pageOf(address.get("sort"));
  }

  async load(start, limit) {
    const [q, sort] = [address.get("rq"), address.get("sort")];
    try {
      const answer = await ask(`batches/${this.batch}/items`, { query: { start, limit, q, sort } });
      this.onProblem("");
      if (sort) return { items: answer.items, total: answer.total };
      return q
        ? { items: answer.items, next: answer.has_more ? answer.items.at(-1).index + 1 : null }
        : { items: answer.items, total: this.size || answer.items.length };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.onProblem(error.message);
      return { items: [], next: null };
    }
  }

  drawHeads() {
    const sort = address.get("sort");
    fill(
      this.heads,
      h("span"),
      h("span"),
      HEADS.map(([field, label, kind]) => head(field, label, kind, sort)),
    );
  }

  draw(row) {
    const here = row.custom_id === address.get("row");
    const known = this.previews.of(row);
    return h(
      "div",
      { class: here ? "item here" : "item", "data-row": row.index, "data-state": row.state },
      h("input", {
        type: "checkbox",
        checked: this.chosen.has(row.custom_id),
        "aria-label": `Select ${row.custom_id}`,
        "data-focus": "box",
        onchange: (event) => {
          this.chosen[event.target.checked ? "add" : "delete"](row.custom_id);
          this.onChoice();
        },
      }),
      letter(row.state),
      h(
        "a",
        {
          class: "name",
          href: address.link({ row: row.custom_id }),
          "data-focus": "open",
          "aria-current": here ? "true" : null,
          title: row.custom_id,
        },
        row.custom_id,
      ),
      h("span", { class: "what prompt" }, known.prompt),
      answer(row, known),
      h("span", { class: "tokens number" }, row.state === "succeeded" ? count(row.input_tokens) : ""),
      h("span", { class: "tokens number" }, row.state === "succeeded" ? count(row.output_tokens) : ""),
      h("span", { class: "cost number" }, row.cost === null ? "" : money(row.cost)),
    );
  }

  refresh(size) {
    this.size = size;
    return this.list.refresh();
  }

  restart() {
    this.drawHeads();
    this.list.page = pageOf(address.get("sort"));
    return this.list.restart();
  }

  close() {
    this.list.close();
    this.previews.close();
  }
}

/** The head of a column: a link that cycles through both sort directions and none, if sortable. */
function head(field, label, kind, sort) {
  if (!field) return h("span", { class: kind }, label);
  const now = sort === field ? "+" : sort === `-${field}` ? "-" : "";
  const next = { "-": `-${field}`, "+": field, "": "" }[NEXT[now]];
  const told = { "-": "largest first", "+": "smallest first", "": "not sorted" }[now];
  return h(
    "a",
    {
      class: `sort ${kind}`,
      href: address.link({ sort: next }),
      "data-focus": `sort ${field}`,
      title: `Sort by ${label}`,
      "aria-label": `${label}, ${told}`,
    },
    label,
    h("span", { "aria-hidden": "true" }, { "-": " ▾", "+": " ▴", "": "" }[now]),
  );
}

function answer(row, known) {
  const rule =
    row.rule && row.state !== "processing"
      ? h("span", { class: "badge fault", title: `The rule that decided: ${row.rule}` }, row.rule)
      : null;
  if (row.state === "processing")
    return h(
      "span",
      { class: "what dim" },
      row.done_at ? ["done ", age(row.done_at, "ago", timebar.now())] : "is not done before the batch ends",
    );
  if (row.error && row.state === "errored")
    return h(
      "span",
      { class: "what with-badge" },
      h("span", { class: "answer error-text" }, `${row.error.type}: ${row.error.message}`),
      rule,
    );
  const words =
    row.state === "succeeded"
      ? h("span", { class: "answer", "data-reply": "" }, known.reply || row.model || "")
      : h("span", { class: "answer dim" }, row.state);
  return h("span", { class: "what with-badge" }, words, rule);
}
