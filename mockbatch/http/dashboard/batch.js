// One batch: its actual state, the API's view, its timeline, actions on it, and its rows.

import { calmly, fill, h } from "./dom.js";
import { count, counted, instant, money, seconds } from "./format.js";
import { bar, button, copyButton, KINDS, legend, letter, say, statusBadge } from "./parts.js";
import { ask, post, Refused } from "./server.js";
import { perform } from "./acting.js";
import * as address from "./address.js";
import { age } from "./ages.js";
import { Errors } from "./errors.js";
import { lifeline } from "./lifeline.js";
import { RowList } from "./rowlist.js";
import * as timebar from "./timebar.js";

const ENDINGS = { done: "work done", canceled: "cancel", expired: "expiry" };

export const view = (root) => new BatchView(root);

class BatchView {
  constructor(root) {
    this.root = root;
    this.one = null;
    this.shown = null;
    this.asked = "";
    this.rows = null;
    this.errors = null;
    this.entering = false;
    this.chosen = new Set();
    this.head = h("div", { class: "batch-head" });
    this.tools = h("div", { class: "tools" });
    this.chips = h("div", { class: "chips", role: "group", "aria-label": "Rows by state" });
    this.problem = h("p", { class: "problem", role: "alert", hidden: true });
    this.field = h("input", {
      type: "search",
      class: "search",
      placeholder: "status:errored custom_id:row-* model:haiku cost>0.01 refusal",
      "aria-label": "Search rows",
      spellcheck: "false",
      autocomplete: "off",
      oninput: calmly(250, () => address.go({ rq: this.field.value.trim() }, { replace: true })),
    });
  }

  async refresh() {
    const id = address.get("batch");
    const answer = id ? await this.found(id) : null;
    if (id !== address.get("batch")) return;
    if (!answer || typeof answer === "string") {
      this.one = this.shown = null;
      fill(this.root, h("p", { class: "blank" }, answer ?? "Select a batch to see its details."));
      return;
    }
    this.one = answer;
    if (id !== this.shown) this.open(id);
    this.draw();
    timebar.showEnd();
    const { rows, errors } = this;
    await rows.refresh(answer.size);
    if (this.entering) this.into();
    // grouping needs all rows: do it after the visible part
    await errors.refresh(answer.counts.errored);
  }

  /** Return the batch, or the reason why there is none. */
  async found(id) {
    try {
      return await ask(`batches/${id}`);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return error.message;
    }
  }

  open(id) {
    this.shown = id;
    this.chosen.clear();
    this.field.value = address.get("rq");
    this.asked = this.wanted();
    this.rows?.close();
    this.errors = new Errors(id);
    this.rows = new RowList(id, {
      chosen: this.chosen,
      onChoice: () => this.drawTools(),
      onProblem: (text) => this.complain(text),
    });
    fill(
      this.root,
      h(
        "div",
        { class: "detail-body" },
        this.head,
        h("div", { class: "rows-head" }, h("h3", {}, "Rows"), this.chips, this.field, this.problem),
        this.errors.element,
        this.tools,
        this.rows.element,
      ),
    );
  }

  complain(text) {
    this.problem.hidden = !text;
    this.problem.textContent = text;
  }

  wanted() {
    return `${address.get("rq")}\n${address.get("sort")}`;
  }

  draw() {
    fill(this.head, headOf(this.one, timebar.now(), this));
    this.drawChips();
    this.drawTools();
  }

  drawChips() {
    const { one } = this;
    const q = address.get("rq");
    const chip = (label, text, kind) =>
      h(
        "a",
        {
          class: q === text ? "chip on" : "chip",
          href: address.link({ rq: text }),
          "aria-current": q === text ? "true" : null,
          title: kind || "all rows",
        },
        kind ? letter(kind) : null,
        label,
      );
    fill(
      this.chips,
      chip(`all ${count(one.size)}`, ""),
      KINDS.filter((kind) => one.counts[kind]).map((kind) => chip(count(one.counts[kind]), `status:${kind}`, kind)),
    );
  }

  drawTools() {
    const { one, chosen } = this;
    const q = address.get("rq");
    this.tools.hidden = !one || (!chosen.size && !q);
    if (this.tools.hidden) return;
    const what = chosen.size ? { custom_ids: [...chosen] } : { q };
    fill(
      this.tools,
      h("span", { class: "dim" }, chosen.size ? `${chosen.size} chosen` : "All found"),
      h("span", { class: "spring" }),
      button("Fail", () => this.fail(what), { disabled: one.status === "ended", title: "They end as errored" }),
      button("Re-run as a new batch", () => this.again(what)),
    );
  }

  async fail(what) {
    const { failed } = await post(`batches/${this.shown}/fail`, what);
    say(`${count(failed)} more will fail`);
    this.chosen.clear();
    await this.refresh();
  }

  async again(what) {
    const created = await post(`batches/${this.shown}/again`, what);
    this.chosen.clear();
    say("Sent again");
    address.go({ batch: created.id, row: "", rq: "" });
  }

  async act(action) {
    await perform(action, { ids: [this.one.id] });
    await this.refresh();
  }

  running() {
    return this.one && this.one.status !== "ended" ? this.one.id : null;
  }

  async changed() {
    if (address.get("batch") !== (this.shown ?? "")) {
      this.entering = false;
      return this.refresh();
    }
    if (!this.one) return undefined;
    if (this.field.value.trim() !== address.get("rq") && document.activeElement !== this.field)
      this.field.value = address.get("rq");
    this.drawChips();
    this.drawTools();
    this.errors.draw();
    if (this.asked === this.wanted()) return this.rows.list.redraw();
    this.asked = this.wanted();
    return this.rows.restart();
  }

  step(by) {
    const { list } = this.rows ?? {};
    const at = list?.indexOf((row) => row.custom_id === address.get("row")) ?? -1;
    const next = list?.items.get(Math.max(0, at + by));
    if (!next) return;
    address.go({ row: next.custom_id }, { replace: true });
    list.reveal(Math.max(0, at + by));
  }

  /** Move the focus to the first row, once it is loaded. */
  into() {
    this.entering = !this.rows?.list.items.size;
    if (!this.entering) this.step(0);
  }

  close() {
    this.rows?.close();
  }
}

function headOf(one, now, view) {
  const archived = seconds(one.archived_at) <= now;
  return [
    h(
      "div",
      { class: "line title" },
      h(
        "a",
        { class: "button quiet back", href: address.link({ batch: "", row: "" }), "aria-label": "Back to the list" },
        "←",
      ),
      h("h2", { class: "mono" }, one.id),
      copyButton(one.id, "Copy id"),
      statusBadge(archived ? "archived" : one.status),
    ),
    bars(one),
    legend(one.counts),
    lifeline(one, now),
    facts(one, now),
    actions(one, archived, view),
  ];
}

function bars(one) {
  const ended = one.status === "ended";
  return h(
    "div",
    { class: "two-bars" },
    h("div", {}, h("div", { class: "bar-label" }, "Truth"), bar(one.counts, one.size, "Truth")),
    h(
      "div",
      {},
      h(
        "div",
        { class: "bar-label" },
        "The API reports",
        h("span", { class: "dim" }, ended ? "" : " (no counts before the end)"),
      ),
      bar(one.shown.request_counts, one.size, "The API reports"),
    ),
  );
}

function facts(one, now) {
  const ended = one.status === "ended";
  return h(
    "dl",
    { class: "facts" },
    fact("Requests", count(one.size)),
    fact("Created", instant(one.created_at), age(one.created_at, "ago", now)),
    fact(ended ? "Ended" : "Ends", instant(one.ends_at), age(one.ends_at, "ago", now)),
    fact(ended ? "Ended by" : "Will be", ENDINGS[one.ending]),
    fact("Billed", money(one.net), one.standard ? `${money(one.standard)} standard` : "once it has ended"),
    fact(
      "Downloads",
      ended ? counted(one.downloads, "time") : "–",
      ended ? `${count(one.delivered)} of ${count(one.size)} rows delivered` : "",
      ended && !one.downloads ? "warn" : "",
    ),
  );
}

function fact(name, value, more = "", kind = "") {
  return h(
    "div",
    {},
    h("dt", {}, name),
    h(
      "dd",
      { class: kind },
      value,
      more ? [" ", typeof more === "string" ? h("span", { class: "dim" }, more) : more] : null,
    ),
  );
}

function actions(one, archived, view) {
  const ended = one.status === "ended";
  const act = (action, label, title, disabled) => button(label, () => view.act(action), { title, disabled });
  return h(
    "div",
    { class: "line actions" },
    act("end", "End now", "Finish all its requests now", ended),
    act("cancel", "Cancel", "As a client would", ended || Boolean(one.cancel_initiated_at)),
    act("expire", "Expire", "Ends its 24 hours now", ended),
    act("stick", "Stick", "Stops processing further requests", ended),
    act("archive", "Archive", "Makes its results unavailable now", !ended || archived),
    button("Re-run all", () => view.again({ q: "" }), { title: "The same requests as a new batch" }),
    act("delete", "Delete", "Removes the batch and its usage", false),
  );
}
