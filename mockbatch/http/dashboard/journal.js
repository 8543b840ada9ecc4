// The received calls. Polls of one batch are folded into one row with their gaps, so that other calls stay visible.

import { calmly, fill, h } from "./dom.js";
import { bytes, count, counted, instant, shortId, span } from "./format.js";
import { guarded } from "./parts.js";
import { ask } from "./server.js";
import { Windowed } from "./windowed.js";
import * as address from "./address.js";
import { showCall, statusOf } from "./call.js";
import { folded, sparkline } from "./polls.js";

const LAST = 1000;
const HEADS = ["virtual time", "call", "status", "took", "size", "rule", "batch", "body"];

export const view = (root) => new Journal(root);

class Journal {
  constructor(root) {
    this.title = "Journal";
    this.entries = [];
    this.opened = new Set();
    this.kept = h("span", { class: "dim" });
    this.fold = h("input", { type: "checkbox", checked: true, onchange: () => guarded(() => this.load()) });
    this.field = h("input", {
      type: "search",
      class: "search",
      placeholder: "create, 529, req_…, msgbatch_…",
      "aria-label": "Search calls",
      value: address.get("q"),
      oninput: calmly(200, () => address.go({ q: this.field.value.trim() }, { replace: true })),
    });
    this.list = new Windowed({
      label: "Calls",
      rowHeight: 38,
      draw: (entry) => this.draw(entry),
      load: async (start, limit) => ({ items: this.entries.slice(start, start + limit), total: this.entries.length }),
      empty: () => (address.get("q") ? "No matching calls." : "No calls yet. Viewing this page does not count."),
    });
    this.soon = calmly(400, () => guarded(() => this.load()));
    fill(
      root,
      h(
        "section",
        { class: "pane whole", "aria-label": "Journal" },
        h(
          "div",
          { class: "pane-head" },
          h("h2", {}, "Journal"),
          this.kept,
          h("span", { class: "spring" }),
          h("label", { class: "check" }, this.fold, "Fold polls"),
        ),
        h("div", { class: "pane-search" }, this.field),
        h(
          "div",
          { class: "call heads", "aria-hidden": "true" },
          HEADS.map((name) => h("span", { class: ["took", "size"].includes(name) ? "number" : "" }, name)),
        ),
        this.list.element,
      ),
    );
  }

  async load() {
    const answer = await ask("requests", { query: { limit: LAST, bodies: "false" } });
    fill(this.kept, `${count(answer.kept)} of ${count(answer.total)} kept`);
    const wanted = address.get("q").toLowerCase();
    const found = answer.requests.filter(
      (call) =>
        !wanted ||
        [call.op, call.method, call.path, call.status, call.request_id, call.fault, call.batch, call.preview]
          .join(" ")
          .toLowerCase()
          .includes(wanted),
    );
    const entries = (this.fold.checked ? folded(found) : found.map((call) => ({ call, polls: null }))).reverse();
    this.entries = entries.flatMap((entry) =>
      entry.polls && this.opened.has(entry.call.batch)
        ? [entry, ...entry.polls.map((call) => ({ call, polls: null, inner: true })).reverse()]
        : [entry],
    );
    await this.list.refresh();
  }

  draw({ call, polls, inner }) {
    return h(
      "div",
      { class: `call${inner ? " inner" : ""}` },
      h("span", { class: "mono", title: `real time ${instant(call.real_at)}` }, instant(call.at).slice(5)),
      h(
        "span",
        { class: "what" },
        polls ? [this.foldOf(call, polls), sparkline(polls)] : openOf(call),
        call.retry_count
          ? h("span", { class: "badge warn", title: "x-stainless-retry-count" }, `retry ${call.retry_count}`)
          : null,
      ),
      statusOf(call),
      h("span", { class: "number dim" }, quick(call.took)),
      h(
        "span",
        { class: "number dim", title: `${bytes(call.received)} sent, ${bytes(call.size)} answered` },
        bytes(call.received || call.size),
      ),
      h(
        "span",
        {},
        call.fault ? h("span", { class: "badge fault", title: `The rule that struck: ${call.fault}` }, call.fault) : "",
      ),
      h(
        "span",
        {},
        call.batch
          ? h(
              "a",
              {
                class: "mono",
                href: address.link({ view: "", batch: call.batch, q: "", call: "" }),
                title: call.batch,
              },
              shortId(call.batch),
            )
          : "",
      ),
      h("span", { class: "mono dim body" }, polls ? "" : call.preview),
    );
  }

  foldOf(call, polls) {
    return h(
      "button",
      {
        type: "button",
        class: "button quiet",
        "aria-expanded": String(this.opened.has(call.batch)),
        "data-focus": "fold",
        onclick: () => {
          this.opened[this.opened.has(call.batch) ? "delete" : "add"](call.batch);
          guarded(() => this.load());
        },
      },
      counted(polls.length, "poll"),
    );
  }

  async refresh() {
    await this.load();
    await showCall();
  }

  news(event) {
    if (event.type === "call" || event.type === "reset") this.soon();
  }

  changed() {
    return guarded(async () => {
      if (document.activeElement !== this.field) this.field.value = address.get("q");
      await this.refresh();
    });
  }

  step(by) {
    const at = this.list.indexOf(({ call }) => call.request_id === address.get("call"));
    const next = this.list.items.get(Math.max(0, at + by));
    if (!next) return;
    address.go({ call: next.call.request_id }, { replace: true });
    this.list.reveal(Math.max(0, at + by));
  }

  search() {
    return this.field;
  }

  close() {
    this.list.close();
  }
}

function openOf(call) {
  return h(
    "a",
    { class: "mono", href: address.link({ call: call.request_id }), "data-focus": "open" },
    `${call.method} ${call.op || call.path}`,
  );
}

const quick = (took) => (took < 0.001 ? "< 1 ms" : span(took));
