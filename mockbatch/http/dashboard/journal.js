// The calls that came. Polls of one batch are one row, with the gaps between them; all else would drown.

import { byId, calmly, fill, h, svg } from "./dom.js";
import { count, counted, instant, pretty, seconds, shortId, span } from "./format.js";
import { code, copyButton, guarded } from "./parts.js";
import { ask } from "./server.js";
import { Windowed } from "./windowed.js";
import * as address from "./address.js";

const LAST = 1000;

export function view(root) {
  let entries = [];
  const opened = new Set();
  const heading = h("h2", {}, "Journal");
  const kept = h("span", { class: "dim" });
  const fold = h("input", { type: "checkbox", checked: true, onchange: () => guarded(refresh) });
  const search = h("input", { type: "search", class: "search", placeholder: "create, 529, req_…, msgbatch_…", "aria-label": "Search calls", value: address.get("q"), oninput: calmly(200, () => address.go({ q: search.value.trim() }, { replace: true })) });
  const list = new Windowed({
    label: "Calls", rowHeight: 38, draw,
    load: async (start, limit) => ({ items: entries.slice(start, start + limit), total: entries.length }),
    empty: () => (address.get("q") ? "No call is like that." : "No calls yet. Looking at this page is none."),
  });
  fill(root, h("section", { class: "pane whole", "aria-label": "Journal" },
    h("div", { class: "pane-head" }, heading, kept, h("span", { class: "spring" }), h("label", { class: "check" }, fold, "Fold polls")),
    h("div", { class: "pane-search" }, search), h("div", { class: "call heads", "aria-hidden": "true" }, ["virtual time", "real time", "call", "status", "batch"].map((name) => h("span", {}, name))), list.element));

  async function refresh() {
    const answer = await ask("requests", { query: { limit: LAST, bodies: "false" } });
    fill(kept, `${count(answer.kept)} of ${count(answer.total)} kept`);
    const wanted = address.get("q").toLowerCase();
    const found = answer.requests.filter((call) => !wanted || [call.op, call.method, call.path, call.status, call.request_id, call.fault].join(" ").toLowerCase().includes(wanted));
    entries = (fold.checked ? folded(found) : found.map((call) => ({ call, polls: null }))).reverse();
    entries = entries.flatMap((entry) => (entry.polls && opened.has(entry.call.batch) ? [entry, ...entry.polls.map((call) => ({ call, polls: null, inner: true })).reverse()] : [entry]));
    await list.refresh();
  }

  function draw({ call, polls, inner }) {
    const bad = call.status >= 400 || call.status === 0;
    return h("div", { class: `call${inner ? " inner" : ""}` },
      h("span", { class: "mono" }, instant(call.at).slice(5)), h("span", { class: "mono dim" }, call.real_at.slice(11, 23)),
      h("span", { class: "what" },
        polls ? h("button", { type: "button", class: "button quiet", "aria-expanded": String(opened.has(call.batch)), "data-focus": "fold", onclick: () => {
          opened[opened.has(call.batch) ? "delete" : "add"](call.batch);
          guarded(refresh);
        } }, counted(polls.length, "poll")) : h("a", { class: "mono", href: address.link({ call: call.request_id }), "data-focus": "open" }, `${call.method} ${call.op || call.path}`),
        polls ? sparkline(polls) : null,
        call.retry_count ? h("span", { class: "badge warn", title: "x-stainless-retry-count" }, `retry ${call.retry_count}`) : null,
        call.fault ? h("span", { class: "badge fault", title: "The rule that struck" }, call.fault) : null),
      h("span", { class: bad ? "badge bad" : "badge ok" }, call.status || "cut"),
      h("span", {}, call.batch ? h("a", { class: "mono", href: address.link({ view: "", batch: call.batch, q: "", call: "" }) }, shortId(call.batch)) : ""));
  }

  async function showCall() {
    const id = address.get("call");
    const drawer = byId("drawer");
    if (!id) {
      drawer.hidden = true;
      return;
    }
    const call = await ask(`requests/${id}`);
    drawer.hidden = false;
    drawer.setAttribute("aria-label", `Call ${id}`);
    fill(drawer,
      h("div", { class: "drawer-head" }, h("h2", { class: "mono" }, `${call.method} ${call.path}`), h("span", { class: "spring" }), h("a", { class: "button quiet close", href: address.link({ call: "" }), "aria-label": "Close", "data-focus": "close" }, "✕")),
      h("p", {}, h("span", { class: call.status >= 400 ? "badge bad" : "badge ok" }, call.status || "cut"), h("span", { class: "mono dim" }, ` ${call.request_id}`)),
      call.fault ? h("p", {}, "Struck by ", h("span", { class: "badge fault" }, call.fault)) : null,
      call.cut ? h("p", { class: "warn" }, "Only the beginning of a body is kept: 16 kB of each.") : null,
      h("section", { class: "part-of" }, h("h3", {}, "Headers"), code(Object.entries(call.headers).map(([name, value]) => `${name}: ${value}`).join("\n"), "Headers")),
      call.sent ? h("section", { class: "part-of" }, h("h3", {}, "Sent"), code(indented(call.sent), "Sent"), copyButton(call.sent, "Copy what was sent")) : null,
      h("section", { class: "part-of" }, h("h3", {}, "Answered"), code(indented(call.answered), "Answered"), copyButton(call.answered, "Copy the answer")));
  }

  const soon = calmly(400, () => guarded(refresh));
  return {
    title: "Journal",
    refresh: async () => {
      await refresh();
      await showCall();
    },
    news: (event) => (event.type === "call" || event.type === "reset") && soon(),
    changed: () => guarded(async () => {
      if (document.activeElement !== search) search.value = address.get("q");
      await refresh();
      await showCall();
    }),
    search: () => search,
    close: () => list.close(),
  };
}

/** The polls of each batch as one entry, where its last one is. */
function folded(calls) {
  const polls = new Map();
  for (const call of calls) if (call.op === "retrieve" && call.batch) polls.set(call.batch, [...(polls.get(call.batch) ?? []), call]);
  return calls.flatMap((call) => {
    const all = call.op === "retrieve" ? polls.get(call.batch) : null;
    if (!all || all.length < 2) return [{ call, polls: null }];
    return call === all.at(-1) ? [{ call, polls: all }] : [];
  });
}

function sparkline(polls) {
  const gaps = polls.slice(1).map((call, at) => seconds(call.at) - seconds(polls[at].at)).slice(-60);
  const most = Math.max(...gaps, 0.001);
  const points = gaps.map((gap, at) => `${((at + 0.5) / gaps.length) * 100},${19 - (gap / most) * 17}`).join(" ");
  const words = `Gaps between polls: from ${span(Math.min(...gaps))} to ${span(most)}`;
  return h("span", { class: "spark-box" }, svg("svg", { class: "spark", viewBox: "0 0 100 20", preserveAspectRatio: "none", role: "img", "aria-label": words },
    gaps.length > 1 ? svg("polyline", { points }) : svg("circle", { cx: "50", cy: "10", r: "2" })), h("span", { class: "dim" }, `${span(Math.min(...gaps))} – ${span(most)}`));
}

function indented(text) {
  try {
    return pretty(JSON.parse(text));
  } catch {
    return text;
  }
}
