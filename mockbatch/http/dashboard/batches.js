// The batches of a session, newest first, with the open one beside them.

import { calmly, fill, h } from "./dom.js";
import { count, money, shortId } from "./format.js";
import { bar, button, copy, copyIcon, guarded, KINDS, letter, statusBadge, told } from "./parts.js";
import { ask, Refused, server } from "./server.js";
import { Windowed } from "./windowed.js";
import { perform } from "./acting.js";
import * as address from "./address.js";
import { age } from "./ages.js";
import * as batch from "./batch.js";
import * as timebar from "./timebar.js";
import { welcome } from "./welcome.js";

const ACTIONS = [
  ["end", "End"],
  ["cancel", "Cancel"],
  ["expire", "Expire"],
  ["archive", "Archive"],
  ["delete", "Delete"],
];
const EXAMPLES = ["status:in_progress", "errored>0", "downloads:0 status:ended", "cost>0.01"];
const ORDERS = {
  "": "Newest first",
  created_at: "Oldest first",
  "-size": "Largest first",
  "-errored": "Most errors first",
  "-cost": "Most expensive first",
  downloads: "Fewest downloads first",
};

export const view = (root) => new BatchesView(root);

class BatchesView {
  constructor(root) {
    this.root = root;
    this.title = "Batches";
    this.list = new BatchList();
    const right = h("section", { class: "pane detail", "aria-label": "Batch" });
    this.detail = batch.view(right);
    this.both = h("div", { class: "split" }, this.list.element, right);
    this.greeting = this.used = null;
    this.soon = calmly(200, () => guarded(() => this.refresh()));
    this.showOne();
  }

  /** On a narrow screen, show either the list or the batch. */
  showOne() {
    this.both.classList.toggle("open", Boolean(address.get("batch")));
  }

  async refresh() {
    if (await this.isNew()) {
      this.greeting ??= welcome(this.root, this.soon);
      this.greeting.refresh();
      return;
    }
    if (this.greeting || !this.both.isConnected) {
      this.greeting?.close();
      this.greeting = null;
      fill(this.root, this.both);
    }
    await Promise.all([this.list.refresh(), this.detail.refresh()]);
  }

  async isNew() {
    if (!server.session) return true;
    if (this.used === server.session) return false;
    const [some, calls] = await Promise.all([
      ask("batches", { query: { limit: 1 } }),
      ask("requests", { query: { limit: 1, bodies: "false" } }),
    ]);
    if (some.total || calls.total) this.used = server.session;
    return this.used !== server.session;
  }

  news(event) {
    if (
      event.type.startsWith("batch.") ||
      event.type === "clock" ||
      event.type === "reset" ||
      (this.greeting && event.type === "call")
    )
      this.soon();
  }

  moved() {
    if (this.list.waits()) this.soon();
  }

  changed() {
    this.showOne();
    this.list.changed();
    guarded(() => this.detail.changed());
  }

  step(by) {
    if (address.get("row")) this.detail.step(by);
    else this.list.step(by);
  }

  running() {
    return this.detail.running();
  }

  /** Move the focus from a batch to its rows. */
  into() {
    if (address.get("batch") && !address.get("row")) this.detail.into();
  }

  /** Return the search field of the visible list. */
  search() {
    const rows =
      address.get("row") ||
      this.detail.root.contains(document.activeElement) ||
      this.list.element.offsetParent === null;
    return rows && this.detail.field.isConnected ? this.detail.field : this.list.search;
  }

  close() {
    this.list.close();
    this.detail.close();
    this.greeting?.close();
  }
}

class BatchList {
  constructor() {
    this.chosen = new Set();
    this.total = null;
    this.newest = null;
    this.asked = this.wanted();
    this.problem = h("p", { class: "problem", role: "alert", hidden: true });
    this.heading = h("h2", {}, "Batches");
    this.tools = h("div", { class: "tools", hidden: true });
    this.search = h("input", {
      type: "search",
      class: "search",
      id: "search",
      placeholder: "status:ended errored>0 cost>0.01",
      "aria-label": "Search batches",
      value: address.get("q"),
      spellcheck: "false",
      autocomplete: "off",
      oninput: calmly(200, () => address.go({ q: this.search.value.trim() }, { replace: true })),
    });
    this.list = new Windowed({
      label: "Batches",
      rowHeight: 96,
      load: (start, limit) => this.load(start, limit),
      draw: (one) => this.draw(one),
      empty: () => (address.get("q") ? ["No matching batches. ", ...examples()] : ["No batches yet."]),
      onCount: (total) => this.counted(total),
    });
    this.clear = button("Delete all", () => this.act("delete", { q: "" }), {
      class: "button quiet clear",
      title: "Can be undone for ten seconds",
    });
    this.element = h(
      "section",
      { class: "pane list", "aria-label": "Search and list" },
      h("div", { class: "pane-head" }, this.heading, h("div", { class: "spring" }), this.follow(), this.orders()),
      h("div", { class: "pane-search" }, h("div", { class: "line" }, this.search, this.clear), this.problem),
      key(),
      this.tools,
      this.list.element,
    );
  }

  follow() {
    return h(
      "label",
      { class: "check", title: "Always show the newest batch" },
      h("input", {
        type: "checkbox",
        checked: address.get("follow") === "1",
        onchange: (event) => {
          address.go({ follow: event.target.checked ? "1" : "" }, { replace: true });
          if (event.target.checked) open(this.newest);
        },
      }),
      "Follow",
    );
  }

  orders() {
    return h(
      "select",
      {
        class: "slim-select",
        "aria-label": "Sort batches",
        onchange: (event) => address.go({ order: event.target.value }, { replace: true }),
      },
      Object.entries(ORDERS).map(([value, label]) =>
        h("option", { value, selected: value === address.get("order") }, label),
      ),
    );
  }

  wanted() {
    return `${address.get("q")}\n${address.get("order")}`;
  }

  async load(start, limit) {
    const [q, sort] = [address.get("q"), address.get("order")];
    try {
      const answer = await ask("batches", { query: { start, limit, q, sort } });
      this.problem.hidden = true;
      if (start === 0 && !q && !sort) this.see(answer.batches[0]?.id ?? null);
      return { items: answer.batches, total: answer.total };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.problem.hidden = false;
      this.problem.textContent = error.message;
      return { items: [], total: 0 };
    }
  }

  /** Record the newest batch, and open it in follow mode. */
  see(newest) {
    if (address.get("follow") === "1" && newest !== this.newest) open(newest);
    this.newest = newest;
  }

  counted(total) {
    this.total = total;
    fill(this.heading, "Batches ", h("span", { class: "dim" }, count(total)));
    this.clear.hidden = !total;
    this.drawTools();
  }

  draw(one) {
    const now = timebar.now();
    const here = one.id === address.get("batch");
    return h(
      "div",
      { class: here ? "batch here" : "batch" },
      h("input", {
        type: "checkbox",
        checked: this.chosen.has(one.id),
        "aria-label": `Select ${one.id}`,
        "data-focus": "box",
        tabindex: "-1",
        onchange: (event) => {
          this.chosen[event.target.checked ? "add" : "delete"](one.id);
          this.drawTools();
        },
      }),
      h("a", {
        class: "cover",
        href: address.link({ batch: one.id, row: "", rq: "" }),
        "data-focus": "open",
        "aria-current": here ? "true" : null,
        "aria-label": `${one.id}, ${one.status.replace("_", " ")}, ${told(one.counts)}`,
      }),
      named(one, now),
      bars(one),
      tallies(one, now),
    );
  }

  drawTools() {
    const many = this.chosen.size;
    const q = address.get("q");
    this.tools.hidden = !many && !(q && this.total);
    if (this.tools.hidden) return;
    const what = many ? { ids: [...this.chosen] } : { q };
    fill(
      this.tools,
      h("span", { class: "dim" }, many ? `${many} chosen` : `${count(this.total ?? 0)} found`),
      h("span", { class: "spring" }),
      ACTIONS.map(([action, label]) =>
        button(label, () => this.act(action, what), { "aria-label": `${label} ${many ? "the chosen" : "all found"}` }),
      ),
    );
  }

  async act(action, what) {
    await perform(action, what);
    this.chosen.clear();
    this.drawTools();
    await this.list.refresh();
  }

  refresh() {
    return this.list.refresh();
  }

  waits() {
    return [...this.list.shown.keys()].some((index) => this.list.items.get(index)?.status !== "ended");
  }

  changed() {
    const q = address.get("q");
    if (this.search.value.trim() !== q && document.activeElement !== this.search) this.search.value = q;
    if (this.wanted() === this.asked) {
      this.list.redraw();
      return;
    }
    this.asked = this.wanted();
    this.chosen.clear();
    guarded(() => this.list.restart());
  }

  step(by) {
    const at = this.list.indexOf((one) => one.id === address.get("batch"));
    const next = this.list.items.get(at < 0 ? 0 : Math.max(0, at + by));
    if (!next) return;
    address.go({ batch: next.id, row: "" }, { replace: true });
    this.list.reveal(Math.max(0, at + by));
  }

  close() {
    this.list.close();
  }
}

function open(id) {
  if (id) address.go({ batch: id, row: "" });
}

function examples() {
  return EXAMPLES.map((text) => h("a", { class: "chip", href: address.link({ q: text }) }, text));
}

/** The legend of letters and colours. */
function key() {
  return h(
    "ul",
    { class: "key", role: "list", "aria-label": "Key to the states" },
    KINDS.map((kind) => h("li", {}, letter(kind), kind)),
  );
}

/** The id of a batch, its status and its age. */
function named(one, now) {
  return h(
    "div",
    { class: "line" },
    h("code", { class: "id" }, shortId(one.id)),
    h(
      "button",
      {
        type: "button",
        class: "copy",
        title: "Copy the id",
        "aria-label": `Copy ${one.id}`,
        "data-focus": "copy",
        tabindex: "-1",
        onclick: () => copy(one.id),
      },
      copyIcon(),
    ),
    statusBadge(one.status),
    h("span", { class: "spring" }),
    age(one.created_at, "brief", now),
  );
}

/** How its rows stand, and what the API shows of that. */
function bars(one) {
  return h(
    "div",
    { class: "bars" },
    h("span", { class: "bar-name", "aria-hidden": "true" }, "truth"),
    bar(one.counts, one.size, "Truth"),
    h("span", { class: "bar-name", "aria-hidden": "true" }, "API"),
    bar(one.shown.request_counts, one.size, "The API reports", true),
  );
}

/** Its rows by state, its downloads and its cost. */
function tallies(one, now) {
  return h(
    "div",
    { class: "line small" },
    KINDS.filter((kind) => one.counts[kind]).map((kind) =>
      h("span", { class: "tally", title: kind }, letter(kind), count(one.counts[kind])),
    ),
    h("span", { class: "spring" }),
    one.status === "ended"
      ? h(
          "span",
          { class: one.downloads ? "dim" : "warn", title: "Downloads of the results" },
          one.downloads ? `read ${count(one.downloads)}×` : "not read",
        )
      : age(one.expires_at, "expires", now),
    h("span", { class: "cost" }, money(one.net)),
  );
}
