// A row: its error, request and reply; then causes, cost, and code to send it again.

import { byId, fill, h } from "./dom.js";
import { bytes, count, pretty } from "./format.js";
import { code, copyButton, letter } from "./parts.js";
import { ask } from "./server.js";
import * as address from "./address.js";
import { asCurl, asPytest, asPython } from "./again.js";
import { prices, usageTable } from "./bill.js";
import { conversation, reply } from "./conversation.js";

const CUT = 65536;
const TABS = [
  ["", "Conversation"],
  ["json", "JSON"],
];
let shown = "";

/** Show the row named in the URL, if any. */
export async function refresh() {
  const drawer = byId("drawer");
  const batch = address.get("batch"),
    row = address.get("row"),
    as = address.get("as");
  if (!batch || !row) {
    if (shown) fill(drawer);
    drawer.hidden = true;
    shown = "";
    return;
  }
  const answer = await ask(`batches/${batch}/items/${encodeURIComponent(row)}`);
  if (batch !== address.get("batch") || row !== address.get("row") || as !== address.get("as")) return;
  const text = JSON.stringify([as, answer]);
  if (shown === text) return;
  const first = drawer.hidden;
  shown = text;
  drawer.hidden = false;
  drawer.setAttribute("aria-label", `Row ${row}`);
  fill(drawer, content(answer, batch, as));
  /** @type {HTMLElement | null} */
  const close = drawer.querySelector(".close");
  if (first) close?.focus({ preventScroll: true });
}

function content(whole, batch, as) {
  const { row, params, line, reasons, sent, entries } = whole;
  const usage = line.result?.message?.usage;
  return [
    head(row),
    failure(whole),
    tabs(as),
    as === "json" ? json(whole) : [conversation(params), reply(line.result, row)],
    section(
      "Why",
      h(
        "ul",
        { class: "reasons" },
        reasons.map((text) => h("li", {}, text)),
      ),
      row.rule
        ? h(
            "p",
            {},
            "Rule ",
            h("a", { href: address.link({ view: "faults", row: "", batch: "" }), class: "mono" }, row.rule),
          )
        : null,
    ),
    section(
      `Attempts (${sent.length})`,
      h(
        "ol",
        { class: "attempts" },
        sent.map((one) => attempt(one, row, batch)),
      ),
    ),
    section(
      "Price",
      entries.length ? prices(entries, row) : h("p", { class: "dim" }, "Known once the batch has ended."),
    ),
    usage ? section("Usage", usageTable(usage)) : null,
    section(
      "Send it again",
      h(
        "div",
        { class: "line wrap" },
        copyButton(() => asCurl(row, params), "Copy as curl"),
        copyButton(() => asPython(row, params), "Copy as Python"),
        copyButton(() => asPytest(row, params), "Copy as pytest"),
      ),
    ),
  ];
}

function head(row) {
  return h(
    "div",
    { class: "drawer-head" },
    letter(row.state),
    h("h2", { class: "mono" }, row.custom_id),
    h("span", { class: "dim nowrap" }, `row ${count(row.index + 1)}`),
    h("span", { class: "spring" }),
    h(
      "a",
      {
        class: "button quiet close",
        href: address.link({ row: "", as: "" }),
        "aria-label": "Close",
        "data-focus": "close",
      },
      "✕",
    ),
  );
}

const ENDS = { canceled: "Canceled before it was processed", expired: "Expired before it was processed" };

/** The error of a row, above everything else. */
function failure({ row, line, reasons }) {
  const coming = row.state === "processing" && row.outcome !== "succeeded";
  if (row.error && row.outcome === "errored") {
    const request = line.result?.error?.request_id;
    return h(
      "section",
      { class: "failure", "aria-label": "Error" },
      h("h3", { class: "mono" }, row.error.type, coming ? h("span", { class: "dim" }, " will be its error") : null),
      h("p", { class: "failure-message" }, row.error.message),
      h("p", { class: "dim" }, reasons[0], request ? h("span", { class: "mono" }, ` ${request}`) : null),
    );
  }
  if (!ENDS[row.outcome]) return null;
  return h(
    "section",
    { class: `failure ${row.outcome}`, "aria-label": "Error" },
    h("h3", {}, coming ? `Will be ${row.outcome}` : ENDS[row.outcome]),
    h("p", { class: "dim" }, reasons[0]),
  );
}

function attempt(one, row, batch) {
  return h(
    "li",
    {},
    h(
      "a",
      {
        class: "mono",
        href: address.link({ batch: one.batch, row: row.custom_id }),
        "aria-current": one.batch === batch ? "true" : null,
      },
      one.batch,
    ),
    h("span", { class: "dim" }, one.batch === batch ? " this one" : one.same ? " the same params" : " other params"),
  );
}

function json({ row, params, line, line_text }) {
  const cut =
    line_text.length > CUT
      ? `${line_text.slice(0, CUT)}\n… the first ${bytes(CUT)} of ${bytes(line_text.length)}`
      : line_text;
  return [
    section(
      "Request",
      code(pretty(params), "Request"),
      copyButton(() => JSON.stringify(params, null, 2), "Copy request"),
    ),
    section(
      row.state === "processing" ? "Result line, as it will be sent" : "Result line, exactly as sent",
      code(cut, "Result line", { class: "code wrapped" }),
      copyButton(line_text, "Copy line"),
      h("details", {}, h("summary", {}, "With indents"), code(pretty(line), "Result line, indented")),
    ),
  ];
}

function section(title, ...children) {
  return h("section", { class: "part-of" }, h("h3", {}, title), children);
}

/** The ways to show a row. */
function tabs(as) {
  return h(
    "nav",
    { class: "group drawer-tabs", "aria-label": "How the row is shown" },
    TABS.map(([name, label]) =>
      h(
        "a",
        {
          class: "button",
          href: address.link({ as: name }),
          "aria-current": as === name ? "true" : null,
          "data-focus": `as ${label}`,
        },
        label,
      ),
    ),
  );
}
