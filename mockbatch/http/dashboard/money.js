// Costs, savings, and the comparison with a cost tracker.

import { calmly, fill, h } from "./dom.js";
import { count, money, shortId } from "./format.js";
import { button, guarded } from "./parts.js";
import { ask, askText } from "./server.js";
import * as address from "./address.js";
import { reconciler } from "./reconcile.js";
import { save } from "./saving.js";

const GROUPS = { batch: "Batch", model: "Model", day: "Day", class: "Class of tokens", workspace: "Workspace" };
const SHOWN = 200;

export function view(root) {
  const totals = h("div", { class: "totals" });
  const tabs = h("div", { class: "group wrap-group", role: "group", "aria-label": "Group by" });
  const table = h("div", { class: "money-table", tabindex: "0", role: "region", "aria-label": "Costs" });
  const exported = button(
    "Save the ledger as CSV",
    async () => save("ledger.csv", await askText("ledger", { format: "csv" })),
    { title: "Every request and token class, exactly" },
  );
  fill(
    root,
    h(
      "div",
      { class: "page" },
      h("h2", {}, "Money"),
      totals,
      h("div", { class: "line wrap" }, tabs, h("span", { class: "spring" }), key(), exported),
      table,
      h("h2", {}, "Reconcile"),
      reconciler(),
    ),
  );

  async function refresh() {
    const by = GROUPS[address.get("by")] ? address.get("by") : "batch";
    const answer = await ask("ledger", { query: { group_by: by } });
    fill(
      tabs,
      Object.entries(GROUPS).map(([name, label]) =>
        h(
          "a",
          {
            class: "button",
            href: address.link({ by: name }),
            "aria-current": name === by ? "true" : null,
            "data-focus": name,
          },
          label,
        ),
      ),
    );
    fill(totals, figures(answer.total));
    fill(table, groupsOf(answer, by));
  }

  const soon = calmly(500, () => guarded(refresh));
  return {
    title: "Money",
    refresh,
    news: (event) =>
      ["ledger", "batch.ended", "batch.changed", "batch.deleted", "clock", "reset"].includes(event.type) && soon(),
    changed: () => guarded(refresh),
    close: () => {},
  };
}

function figures(all) {
  const [plain, cached, billed] = [Number(all.uncached), Number(all.standard), Number(all.net)];
  const part = (saved) => (plain ? ` ${Math.round((saved / plain) * 100)} %` : "");
  return [
    figure("Billed", money(all.net), `${count(all.requests)} requests`, "main"),
    figure("List price", money(all.uncached), "standard, without a cache"),
    figure("Saved by the cache", money(plain - cached), part(plain - cached)),
    figure("Saved by batching", money(cached - billed), part(cached - billed)),
  ];
}

function figure(name, value, more, kind = "") {
  return h(
    "div",
    { class: `figure ${kind}` },
    h("span", { class: "dim" }, name),
    h("b", {}, value),
    h("span", { class: "dim" }, more),
  );
}

function groupsOf(answer, by) {
  const groups = [...answer.groups].sort((a, b) => (by === "day" ? 0 : Number(b.net) - Number(a.net)));
  if (!groups.length) return h("p", { class: "blank" }, "Nothing is billed yet. A batch is billed when it has ended.");
  const most = Math.max(
    ...groups.flatMap((one) => [Number(one.uncached), Number(one.standard), Number(one.net)]),
    1e-12,
  );
  return [
    h(
      "table",
      { class: "table money" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          [GROUPS[by], "", "list", "with cache", "billed", by === "class" ? "quantity" : "requests"].map((name, at) =>
            h(
              "th",
              { scope: "col", class: at > 1 ? "number" : at === 1 ? "wide" : "" },
              name || h("span", { class: "sr" }, "picture"),
            ),
          ),
        ),
      ),
      h(
        "tbody",
        {},
        groups.slice(0, SHOWN).map((one) => row(one, by, most)),
      ),
    ),
    groups.length > SHOWN
      ? h("p", { class: "dim" }, `and ${count(groups.length - SHOWN)} more, all of them in the CSV`)
      : null,
    answer.unpriced.length ? h("p", { class: "warn" }, `Without a price: ${answer.unpriced.join(", ")}`) : null,
  ];
}

function row(one, by, most) {
  const name = one.by[by] ?? (by === "batch" ? "outside of batches" : "–");
  const width = (text) => ({ width: `${(Number(text) / most) * 100}%` });
  return h(
    "tr",
    {},
    h(
      "th",
      { scope: "row" },
      by === "batch" && one.by.batch
        ? h("a", { class: "mono", title: name, href: address.link({ view: "", batch: name }) }, shortId(name))
        : name,
    ),
    h(
      "td",
      { class: "wide" },
      h(
        "div",
        {
          class: "costs",
          role: "img",
          "aria-label": `list ${money(one.uncached)}, with cache ${money(one.standard)}, billed ${money(one.net)}`,
        },
        h("span", { class: "uncached", style: width(one.uncached) }),
        h("span", { class: "standard", style: width(one.standard) }),
        h("span", { class: "net", style: width(one.net) }),
      ),
    ),
    [one.uncached, one.standard].map((amount) => h("td", { class: "number", title: amount }, money(amount))),
    h("td", { class: "number", title: one.net }, h("b", {}, money(one.net))),
    h("td", { class: "number" }, by === "class" ? count(Object.values(one.quantities)[0] ?? 0) : count(one.requests)),
  );
}

function key() {
  return h(
    "ul",
    { class: "legend", role: "list" },
    [
      ["uncached", "list"],
      ["standard", "with cache"],
      ["net", "billed"],
    ].map(([kind, name]) => h("li", {}, h("span", { class: `swatch ${kind}` }), name)),
  );
}
