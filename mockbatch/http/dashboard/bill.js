// The bill of a row by class of tokens, and its usage.

import { h } from "./dom.js";
import { count, money } from "./format.js";

export function prices(entries, row) {
  const factor = (text) => (text === "1" ? "" : ` × ${text}`);
  return h(
    "table",
    { class: "table" },
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        ["class", "quantity", "list price × factors", "USD"].map((name, at) =>
          h("th", { scope: "col", class: at ? "number" : "" }, name),
        ),
      ),
    ),
    h(
      "tbody",
      {},
      entries.map((one) =>
        h(
          "tr",
          {},
          h("th", { scope: "row" }, one.class),
          h("td", { class: "number" }, count(one.quantity)),
          h(
            "td",
            { class: "number" },
            one.reason
              ? one.reason
              : `${perMillion(one)}${factor(one.batch_factor)}${factor(one.cache_factor)}${factor(one.geo_factor)}`,
          ),
          h("td", { class: "number", title: one.net }, one.net === null ? "–" : money(one.net)),
        ),
      ),
    ),
    h(
      "tfoot",
      {},
      h(
        "tr",
        {},
        h("th", { scope: "row", colspan: "3" }, "billed"),
        h("td", { class: "number" }, row.cost === null ? "–" : money(row.cost)),
      ),
    ),
  );
}

function perMillion(one) {
  return one.class.startsWith("web_") || one.class === "code_execution"
    ? `$${one.list_rate} each`
    : `$${Number((Number(one.list_rate) * 1e6).toPrecision(8))}/M`;
}

export function usageTable(usage) {
  const flat = Object.entries(usage).flatMap(([name, value]) =>
    value && typeof value === "object"
      ? Object.entries(value).map(([inner, one]) => [`${name}.${inner}`, one])
      : [[name, value]],
  );
  return h(
    "table",
    { class: "table" },
    h(
      "tbody",
      {},
      flat.map(([name, value]) =>
        h(
          "tr",
          {},
          h("th", { scope: "row" }, name),
          h("td", { class: "number" }, typeof value === "number" ? count(value) : String(value)),
        ),
      ),
    ),
  );
}
