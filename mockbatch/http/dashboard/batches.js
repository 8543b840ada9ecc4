// The batches of a session, the newest first; the one that is open stands beside them.

import { calmly, fill, h } from "./dom.js";
import { count, money, shortId } from "./format.js";
import { bar, button, copy, copyIcon, guarded, KINDS, letter, statusBadge, told } from "./parts.js";
import { ask, Refused, server } from "./server.js";
import { Windowed } from "./windowed.js";
import * as address from "./address.js";
import { age } from "./ages.js";
import * as batch from "./batch.js";
import { perform } from "./acting.js";
import * as timebar from "./timebar.js";
import { welcome } from "./welcome.js";

const ACTIONS = [["end", "End"], ["cancel", "Cancel"], ["expire", "Expire"], ["archive", "Archive"], ["delete", "Delete"]];
const EXAMPLES = ["status:in_progress", "errored>0", "downloads:0 status:ended", "cost>0.01"];

export function view(root) {
  const chosen = new Set();
  const state = { total: null, newest: null, follow: address.get("follow") === "1" };
  const search = h("input", {
    type: "search", class: "search", id: "search", placeholder: "status:ended errored>0 cost>0.01", "aria-label": "Search batches",
    value: address.get("q"), spellcheck: "false", autocomplete: "off", oninput: calmly(200, () => address.go({ q: search.value.trim() }, { replace: true })),
  });
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const heading = h("h2", {}, "Batches");
  const tools = h("div", { class: "tools" });
  const follow = h("label", { class: "check", title: "The newest batch opens itself" },
    h("input", { type: "checkbox", checked: state.follow, onchange: (event) => {
      state.follow = event.target.checked;
      address.go({ follow: state.follow ? "1" : "" }, { replace: true });
      if (state.follow) open(state.newest);
    } }), "Follow");
  const list = new Windowed({
    label: "Batches", rowHeight: 92, load, draw,
    empty: () => (address.get("q") ? ["No batch is like that. ", ...examples()] : ["No batches yet."]),
    onCount: (total) => {
      state.total = total;
      fill(heading, "Batches ", h("span", { class: "dim" }, count(total)));
      drawTools();
    },
  });
  const left = h("section", { class: "pane list", "aria-label": "Search and list" },
    h("div", { class: "pane-head" }, heading, h("div", { class: "spring" }), follow),
    h("div", { class: "pane-search" }, search, problem), tools, list.element);
  const right = h("section", { class: "pane detail", "aria-label": "Batch" });
  const detail = batch.view(right);
  const both = h("div", { class: "split" }, left, right);
  let asked = address.get("q");
  let greeting = null;
  let used = null;

  /** On a narrow screen either the list is shown or the batch. */
  const showOne = () => both.classList.toggle("open", Boolean(address.get("batch")));

  async function load(start, limit) {
    try {
      const answer = await ask("batches", { query: { start, limit, q: address.get("q") } });
      problem.hidden = true;
      if (start === 0) {
        const newest = answer.batches[0]?.id ?? null;
        if (state.follow && newest && newest !== state.newest && !address.get("q")) open(newest);
        state.newest = newest;
      }
      return { items: answer.batches, total: answer.total };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      problem.hidden = false;
      problem.textContent = error.message;
      return { items: [], total: 0 };
    }
  }

  function open(id) {
    if (id) address.go({ batch: id, row: "" });
  }

  function draw(one) {
    const now = timebar.now();
    const here = one.id === address.get("batch");
    const ended = one.status === "ended";
    const box = h("input", { type: "checkbox", checked: chosen.has(one.id), "aria-label": `Select ${one.id}`, "data-focus": "box", onchange: (event) => {
      chosen[event.target.checked ? "add" : "delete"](one.id);
      drawTools();
    } });
    return h("div", { class: here ? "batch here" : "batch" },
      box,
      h("a", { class: "cover", href: address.link({ batch: one.id, row: "", rq: "" }), "data-focus": "open", "aria-current": here ? "true" : null, "aria-label": `${one.id}, ${one.status.replace("_", " ")}, ${told(one.counts)}` }),
      h("div", { class: "line" }, h("code", { class: "id" }, shortId(one.id)),
        h("button", { type: "button", class: "copy", title: "Copy the id", "aria-label": `Copy ${one.id}`, "data-focus": "copy", onclick: () => copy(one.id) }, copyIcon()),
        statusBadge(one.status), h("span", { class: "spring" }), age(one.created_at, "brief", now)),
      h("div", { class: "bars" }, bar(one.counts, one.size, "Truth"), bar(one.shown.request_counts, one.size, "The API answers", true)),
      h("div", { class: "line small" },
        KINDS.filter((kind) => one.counts[kind]).map((kind) => h("span", { class: "tally" }, letter(kind), count(one.counts[kind]))),
        h("span", { class: "spring" }),
        ended ? h("span", { class: one.downloads ? "dim" : "warn", title: "Downloads of the results" }, `↓ ${one.downloads}`) : age(one.expires_at, "expires", now),
        h("span", { class: "cost" }, money(one.net))));
  }

  function examples() {
    return EXAMPLES.map((text) => h("a", { class: "chip", href: address.link({ q: text }) }, text));
  }

  function drawTools() {
    const many = chosen.size;
    const q = address.get("q");
    tools.hidden = !state.total && !many;
    if (!many && !q) {
      fill(tools, h("span", { class: "dim" }, "Tick some, or search, to act on many"), h("span", { class: "spring" }),
        button("Delete all", () => act("delete", { q: "" })));
      return;
    }
    const what = many ? { ids: [...chosen] } : { q };
    fill(tools, h("span", { class: "dim" }, many ? `${many} chosen` : `${count(state.total ?? 0)} found`), h("span", { class: "spring" }),
      ACTIONS.map(([action, label]) => button(label, () => act(action, what), { "aria-label": `${label} ${many ? "the chosen" : "all found"}` })));
  }

  async function act(action, what) {
    await perform(action, what);
    chosen.clear();
    drawTools();
    await list.refresh();
  }

  async function refresh() {
    const empty = await isNew();
    if (empty) {
      greeting ??= welcome(root, refreshSoon);
      greeting.refresh();
      return;
    }
    if (greeting || !both.isConnected) {
      greeting?.close();
      greeting = null;
      fill(root, both);
    }
    await Promise.all([list.refresh(), detail.refresh()]);
  }

  async function isNew() {
    if (!server.session) return true;
    if (used === server.session) return false;
    const [some, calls] = await Promise.all([ask("batches", { query: { limit: 1 } }), ask("requests", { query: { limit: 1, bodies: "false" } })]);
    if (some.total || calls.total) used = server.session;
    return used !== server.session;
  }

  const refreshSoon = calmly(200, () => guarded(refresh));

  function step(by) {
    const at = list.indexOf((one) => one.id === address.get("batch"));
    const next = list.items.get(at < 0 ? 0 : Math.max(0, at + by));
    if (!next) return;
    address.go({ batch: next.id, row: "" }, { replace: true });
    list.reveal(Math.max(0, at + by));
  }

  showOne();
  return {
    title: "Batches",
    refresh,
    news: (event) => {
      if (event.type.startsWith("batch.") || event.type === "clock" || event.type === "reset" || (greeting && event.type === "call")) refreshSoon();
    },
    moved: () => {
      const waits = [...list.shown.keys()].some((index) => list.items.get(index)?.status !== "ended");
      if (waits) refreshSoon();
    },
    changed: () => {
      showOne();
      const q = address.get("q");
      if (search.value.trim() !== q && document.activeElement !== search) search.value = q;
      if (q !== asked) {
        asked = q;
        chosen.clear();
        guarded(() => list.restart());
      } else list.redraw();
      guarded(() => detail.changed());
    },
    step: (by) => (address.get("row") ? detail.step(by) : step(by)),
    running: () => detail.running(),
    search: () => search,
    close: () => {
      list.close();
      detail.close();
      greeting?.close();
    },
  };
}
