// What it cost, what it would have cost, and whether a tracker of costs knows.

import { calmly, fill, h } from "./dom.js";
import { count, money, shortId } from "./format.js";
import { guarded, say } from "./parts.js";
import { ask } from "./server.js";
import * as address from "./address.js";

const GROUPS = { batch: "Batch", model: "Model", day: "Day", class: "Class of tokens", workspace: "Workspace" };
const SAMPLE = "custom_id,cost_usd";
const SHOWN = 200;

export function view(root) {
  const totals = h("div", { class: "totals" });
  const tabs = h("div", { class: "group", role: "group", "aria-label": "Group by" });
  const table = h("div", { class: "money-table" });
  const outcome = h("div", { class: "outcome", "aria-live": "polite" });
  const file = h("input", { type: "file", accept: ".csv,.tsv,.txt,.json,.jsonl,.gz,.zst,.bz2,.xz,.zip,text/csv", class: "sr", id: "tracker", onchange: () => guarded(() => take(file.files[0])) });
  const drop = h("div", {
    class: "drop",
    ondragover: (event) => {
      event.preventDefault();
      drop.classList.add("over");
    },
    ondragleave: () => drop.classList.remove("over"),
    ondrop: (event) => {
      event.preventDefault();
      drop.classList.remove("over");
      guarded(() => take(event.dataTransfer.files[0]));
    },
  }, h("label", { for: "tracker" }, "Drop a CSV of your cost tracker here, or ", h("span", { class: "as-link" }, "choose one"), "."), file,
  h("p", { class: "dim" }, "It needs a column that names the request (", h("code", {}, "custom_id"), " or ", h("code", {}, "message_id"), ") and a cost or tokens, like ", h("code", {}, SAMPLE), "."));
  fill(root, h("div", { class: "page" }, h("h2", {}, "Money"), totals, h("div", { class: "line wrap" }, tabs, h("span", { class: "spring" }), key()), table,
    h("h2", {}, "Reconcile"), drop, outcome));

  async function refresh() {
    const by = GROUPS[address.get("by")] ? address.get("by") : "batch";
    const answer = await ask("ledger", { query: { group_by: by } });
    drawTabs(by);
    drawTotals(answer.total);
    drawTable(answer, by);
  }

  function drawTabs(by) {
    fill(tabs, Object.entries(GROUPS).map(([name, label]) => h("a", { class: "button", href: address.link({ by: name }), "aria-current": name === by ? "true" : null, "data-focus": name }, label)));
  }

  function drawTotals(all) {
    const [plain, cached, billed] = [Number(all.uncached), Number(all.standard), Number(all.net)];
    const part = (saved) => (plain ? ` ${Math.round((saved / plain) * 100)} %` : "");
    fill(totals,
      figure("Billed", money(all.net), `${count(all.requests)} requests`, "main"),
      figure("List price", money(all.uncached), "standard, without a cache"),
      figure("Saved by the cache", money(String(plain - cached)), part(plain - cached)),
      figure("Saved by batching", money(String(cached - billed)), part(cached - billed)));
  }

  function drawTable(answer, by) {
    const groups = [...answer.groups].sort((a, b) => (by === "day" ? 0 : Number(b.net) - Number(a.net)));
    if (!groups.length) {
      fill(table, h("p", { class: "blank" }, "Nothing is billed yet. A batch is, when it has ended."));
      return;
    }
    const most = Math.max(...groups.flatMap((one) => [Number(one.uncached), Number(one.standard), Number(one.net)]), 1e-12);
    fill(table, h("table", { class: "table money" },
      h("thead", {}, h("tr", {}, [GROUPS[by], "", "list", "with cache", "billed", by === "class" ? "quantity" : "requests"].map((name, at) => h("th", { scope: "col", class: at > 1 ? "number" : at === 1 ? "wide" : "" }, name || h("span", { class: "sr" }, "picture"))))),
      h("tbody", {}, groups.slice(0, SHOWN).map((one) => row(one, by, most)))),
    groups.length > SHOWN ? h("p", { class: "dim" }, `and ${count(groups.length - SHOWN)} more`) : null,
    answer.unpriced.length ? h("p", { class: "warn" }, `Without a price: ${answer.unpriced.join(", ")}`) : null);
  }

  function row(one, by, most) {
    const name = one.by[by] ?? (by === "batch" ? "outside of batches" : "–");
    const width = (text) => ({ width: `${(Number(text) / most) * 100}%` });
    return h("tr", {},
      h("th", { scope: "row" }, by === "batch" && one.by.batch ? h("a", { class: "mono", title: name, href: address.link({ view: "", batch: name }) }, shortId(name)) : name),
      h("td", { class: "wide" }, h("div", { class: "costs", role: "img", "aria-label": `list ${money(one.uncached)}, with cache ${money(one.standard)}, billed ${money(one.net)}` },
        h("span", { class: "uncached", style: width(one.uncached) }), h("span", { class: "standard", style: width(one.standard) }), h("span", { class: "net", style: width(one.net) }))),
      h("td", { class: "number" }, money(one.uncached)), h("td", { class: "number" }, money(one.standard)), h("td", { class: "number" }, h("b", {}, money(one.net))),
      h("td", { class: "number" }, by === "class" ? count(Object.values(one.quantities)[0] ?? 0) : count(one.requests)));
  }

  async function take(csv) {
    if (!csv) return;
    const { clean, found } = await ask("ledger/reconcile", { method: "POST", body: csv, type: "application/octet-stream" });
    file.value = "";
    say(clean ? "The tracker agrees with the ledger" : "The tracker differs from the ledger", { kind: clean ? "" : "bad" });
    const list = (title, names) => (names.length ? h("details", { open: names.length <= 20 }, h("summary", {}, `${title}: ${count(names.length)}`), h("p", { class: "mono names" }, names.slice(0, SHOWN).join("  "))) : null);
    fill(outcome,
      h("p", { class: clean ? "badge ok" : "badge bad" }, clean ? "agrees" : "differs"),
      h("p", {}, `${csv.name}: ${count(found.matched)} ${found.matched === 1 ? "row agrees" : "rows agree"}, ${count(found.differences.length)} ${found.differences.length === 1 ? "differs" : "differ"}. The tracker has ${money(found.tracker_total)}, the ledger ${money(found.ledger_total)}.`),
      found.differences.length ? h("div", { class: "money-table" }, h("table", { class: "table" },
        h("thead", {}, h("tr", {}, ["row", "tracker", "ledger", "difference", "likely reason"].map((name, at) => h("th", { scope: "col", class: at && at < 4 ? "number" : "" }, name)))),
        h("tbody", {}, found.differences.slice(0, SHOWN).map((one) => h("tr", {}, h("th", { scope: "row", class: "mono" }, one.id), [one.tracker, one.ledger, one.difference].map((text) => h("td", { class: "number" }, text)), h("td", {}, one.reasons.join("; ") || "none found")))))) : null,
      list("Not in the tracker", found.missing), list("Not in the ledger", found.unmatched), list("Unknown columns", found.unknown_columns), list("Not compared", [...found.currencies, ...found.problems]), list("Notes", found.notes));
  }

  const soon = calmly(500, () => guarded(refresh));
  return {
    title: "Money",
    refresh,
    news: (event) => ["ledger", "batch.ended", "batch.changed", "batch.deleted", "clock", "reset"].includes(event.type) && soon(),
    changed: () => guarded(refresh),
    close: () => {},
  };
}

function figure(name, value, more, kind = "") {
  return h("div", { class: `figure ${kind}` }, h("span", { class: "dim" }, name), h("b", {}, value), h("span", { class: "dim" }, more));
}

function key() {
  return h("ul", { class: "legend", role: "list" }, [["uncached", "list"], ["standard", "with cache"], ["net", "billed"]].map(([kind, name]) => h("li", {}, h("span", { class: `swatch ${kind}` }), name)));
}
