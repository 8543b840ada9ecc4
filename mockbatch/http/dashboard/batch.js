// One batch: what is true of it, what the API answers, when what happens, what may be done to it, and its rows.

import { calmly, fill, h } from "./dom.js";
import { count, instant, money, relative, seconds, span } from "./format.js";
import { bar, button, copyButton, KINDS, legend, letter, say, statusBadge } from "./parts.js";
import { ask, post, Refused } from "./server.js";
import { Windowed } from "./windowed.js";
import { perform } from "./acting.js";
import * as address from "./address.js";
import { age } from "./ages.js";
import * as timebar from "./timebar.js";

const LIFE = 30 * 86400;

export function view(root) {
  let one = null;
  let shown = null;
  let asked = "";
  const chosen = new Set();
  const head = h("div", { class: "batch-head" });
  const tools = h("div", { class: "tools" });
  const chips = h("div", { class: "chips", role: "group", "aria-label": "Rows by state" });
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const search = h("input", {
    type: "search", class: "search", placeholder: "status:errored custom_id:row-* model:haiku cost>0.01 refusal", "aria-label": "Search rows",
    spellcheck: "false", autocomplete: "off", oninput: calmly(250, () => address.go({ rq: search.value.trim() }, { replace: true })),
  });
  let rows = null;

  function list() {
    rows?.close();
    rows = new Windowed({ label: "Rows", rowHeight: 36, load, draw: drawRow, empty: () => "No row is like that.", onCount: drawTools });
    return rows.element;
  }

  async function load(start, limit) {
    const id = shown;
    const q = address.get("rq");
    try {
      const answer = await ask(`batches/${id}/items`, { query: { start, limit, q } });
      problem.hidden = true;
      const last = answer.items.at(-1);
      return q ? { items: answer.items, next: answer.has_more ? last.index + 1 : null } : { items: answer.items, total: one?.size ?? answer.items.length };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      problem.hidden = false;
      problem.textContent = error.message;
      return { items: [], next: null };
    }
  }

  function drawRow(row) {
    const here = row.custom_id === address.get("row");
    return h("div", { class: here ? "item here" : "item" },
      h("input", { type: "checkbox", checked: chosen.has(row.custom_id), "aria-label": `Select ${row.custom_id}`, "data-focus": "box", onchange: (event) => {
        chosen[event.target.checked ? "add" : "delete"](row.custom_id);
        drawTools();
      } }),
      letter(row.state),
      h("a", { class: "name", href: address.link({ row: row.custom_id }), "data-focus": "open", "aria-current": here ? "true" : null }, row.custom_id),
      h("span", { class: "what" }, row.state !== "processing" && row.error ? `${row.error.type}: ${row.error.message}` : row.state === "processing" ? doneIn(row) : row.model ?? ""),
      row.rule && row.state !== "processing" ? h("span", { class: "badge rule", title: "The rule that decided" }, row.rule) : null,
      h("span", { class: "tokens" }, row.state === "succeeded" ? `${count(row.input_tokens)} → ${count(row.output_tokens)}` : ""),
      h("span", { class: "cost" }, row.cost === null ? "" : money(row.cost)));
  }

  function doneIn(row) {
    return row.done_at ? ["done ", age(row.done_at, "ago", timebar.now())] : "is not done before the batch ends";
  }

  function drawTools() {
    if (!one) return;
    const q = address.get("rq");
    const what = chosen.size ? { custom_ids: [...chosen] } : { q };
    if (!chosen.size && !q) {
      fill(tools, h("span", { class: "dim" }, "Tick some, or search, to fail rows or send them once more"));
      return;
    }
    fill(tools, h("span", { class: "dim" }, chosen.size ? `${chosen.size} chosen` : "All found"), h("span", { class: "spring" }),
      button("Fail", () => fail(what), { disabled: one.status === "ended", title: "They end as errored" }),
      button("Re-run as a new batch", () => again(what)));
  }

  async function fail(what) {
    const { failed } = await post(`batches/${shown}/fail`, what);
    say(`${count(failed)} more will fail`);
    chosen.clear();
    await refresh();
  }

  async function again(what) {
    const created = await post(`batches/${shown}/again`, what);
    chosen.clear();
    say("Sent once more");
    address.go({ batch: created.id, row: "", rq: "" });
  }

  function drawHead() {
    const now = timebar.now();
    const ended = one.status === "ended";
    const archived = seconds(one.archived_at) <= now;
    const act = (action, label, title, disabled) => button(label, async () => {
      await perform(action, { ids: [one.id] });
      await refresh();
    }, { title, disabled });
    fill(head,
      h("div", { class: "line title" },
        h("a", { class: "button quiet back", href: address.link({ batch: "", row: "" }), "aria-label": "Back to the list" }, "←"),
        h("h2", { class: "mono" }, one.id), copyButton(one.id, "Copy id"), statusBadge(archived ? "archived" : one.status)),
      h("div", { class: "two-bars" },
        h("div", {}, h("div", { class: "bar-label" }, "Truth"), bar(one.counts, one.size, "Truth")),
        h("div", {}, h("div", { class: "bar-label" }, "The API answers", h("span", { class: "dim" }, ended ? "" : " (no counts before the end)")), bar(one.shown.request_counts, one.size, "The API answers"))),
      legend(one.counts),
      timeline(one, now),
      h("dl", { class: "facts" },
        fact("Requests", count(one.size)),
        fact("Created", instant(one.created_at), age(one.created_at, "ago", now)),
        fact(ended ? "Ended" : "Ends", instant(one.ends_at), age(one.ends_at, "ago", now)),
        fact(ended ? "Ended by" : "Will be", { done: "work done", canceled: "cancel", expired: "expiry" }[one.ending]),
        fact("Billed", money(one.net), one.standard ? `${money(one.standard)} standard` : "once it has ended"),
        fact("Downloads", ended ? count(one.downloads) : "–", ended ? `${count(one.delivered)} of ${count(one.size)} rows delivered` : "", ended && !one.downloads ? "warn" : "")),
      h("div", { class: "line actions" },
        act("end", "End now", "All of its work is done now", ended),
        act("cancel", "Cancel", "As its caller would", ended || Boolean(one.cancel_initiated_at)),
        act("expire", "Expire", "Its 24 hours are over now", ended),
        act("stick", "Stick", "No more requests are done", ended),
        act("archive", "Archive", "Its results are gone now", !ended || archived),
        button("Re-run all", () => again({ q: "" }), { title: "The same requests as a new batch" }),
        act("delete", "Delete", "As if it had never been", false)));
  }

  function fact(name, value, more = "", kind = "") {
    return h("div", {}, h("dt", {}, name), h("dd", { class: kind }, value, more ? [" ", typeof more === "string" ? h("span", { class: "dim" }, more) : more] : null));
  }

  function drawChips() {
    const q = address.get("rq");
    const chip = (label, text, kind) => h("a", { class: q === text ? "chip on" : "chip", href: address.link({ rq: text }), "aria-current": q === text ? "true" : null }, kind ? letter(kind) : null, label);
    fill(chips, chip(`all ${count(one.size)}`, ""), KINDS.filter((kind) => one.counts[kind]).map((kind) => chip(count(one.counts[kind]), `status:${kind}`, kind)));
  }

  async function refresh() {
    const id = address.get("batch");
    if (!id) {
      one = shown = null;
      fill(root, h("p", { class: "blank" }, "Choose a batch to look into it."));
      return;
    }
    let answer;
    try {
      answer = await ask(`batches/${id}`);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (id !== address.get("batch")) return;
      one = shown = null;
      fill(root, h("p", { class: "blank" }, error.message));
      return;
    }
    if (id !== address.get("batch")) return;
    one = answer;
    drawHead();
    drawChips();
    drawTools();
    timebar.showEnd();
    if (id !== shown) {
      shown = id;
      chosen.clear();
      search.value = asked = address.get("rq");
      fill(root, h("div", { class: "detail-body" }, head, h("div", { class: "rows-head" }, h("h3", {}, "Rows"), chips, search, problem), tools, list()));
    }
    await rows.refresh();
  }

  return {
    refresh,
    running: () => (one && one.status !== "ended" ? one.id : null),
    changed: async () => {
      if (address.get("batch") !== (shown ?? "")) return refresh();
      if (!one) return undefined;
      if (search.value.trim() !== address.get("rq") && document.activeElement !== search) search.value = address.get("rq");
      drawChips();
      drawTools();
      if (asked !== address.get("rq")) {
        asked = address.get("rq");
        return rows.restart();
      }
      rows.redraw();
      return undefined;
    },
    step: (by) => {
      const at = rows?.indexOf((row) => row.custom_id === address.get("row")) ?? -1;
      const next = rows?.items.get(Math.max(0, at + by));
      if (!next) return;
      address.go({ row: next.custom_id }, { replace: true });
      rows.reveal(Math.max(0, at + by));
    },
    close: () => rows?.close(),
  };
}

/** Where in its life an instant is: the first minutes get as much room as the last days. */
const place = (after) => Math.log10(1 + Math.max(0, after) / 60) / Math.log10(1 + LIFE / 60);

function timeline(one, now) {
  const born = seconds(one.created_at);
  const at = (text) => Math.min(1, place(seconds(text) - born)) * 100;
  const marks = [
    one.starts_at && seconds(one.starts_at) < seconds(one.ends_at) ? ["started", "▸", one.starts_at] : null,
    [seconds(one.ends_at) <= now ? "ended" : "ends", "E", one.ends_at],
    ["expiry", "X", one.expires_at], ["archive", "A", one.archived_at],
  ].filter(Boolean);
  const words = marks.map(([name, , text]) => `${name} ${relative(text, now)}`).join(", ");
  const room = innerWidth < 600 ? 19 : 9;
  let free = room;
  const labels = marks.flatMap(([name, , text]) => {
    if (at(text) < free || (name === "expiry" && text === one.ends_at)) return [];
    free = at(text) + room;
    return [h("span", { class: at(text) > 95 ? "tick last" : "tick", style: at(text) > 95 ? {} : { left: `${at(text)}%` } }, name)];
  });
  return h("div", { class: "life", role: "img", "aria-label": `Timeline: ${words}` },
    h("span", { class: "past", style: { width: `${Math.min(1, place(now - born)) * 100}%` } }),
    h("span", { class: "tick first" }, "created"), labels,
    marks.map(([name, sign, text]) => h("span", { class: `mark ${name}`, style: { left: `${at(text)}%` }, title: `${name} ${instant(text)}, ${relative(text, now)} (${span(seconds(text) - born)} after it was created)` }, sign)),
    h("span", { class: "here-mark", style: { left: `${Math.min(1, place(now - born)) * 100}%` }, title: "now" }));
}
