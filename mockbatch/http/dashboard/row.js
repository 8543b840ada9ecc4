// A row: what was asked, what is answered, what it cost and why; and how to do it again.

import { byId, fill, h } from "./dom.js";
import { bytes, count, money, pretty } from "./format.js";
import { code, copyButton, letter } from "./parts.js";
import { ask, ORIGIN } from "./server.js";
import * as address from "./address.js";

const CUT = 65536;
let shown = "";

/** Show the row that the address names, or nothing. */
export async function refresh() {
  const drawer = byId("drawer");
  const batch = address.get("batch"), row = address.get("row");
  if (!batch || !row) {
    if (shown) fill(drawer);
    drawer.hidden = true;
    shown = "";
    return;
  }
  const answer = await ask(`batches/${batch}/items/${encodeURIComponent(row)}`);
  if (batch !== address.get("batch") || row !== address.get("row")) return;
  const text = JSON.stringify(answer);
  if (shown === text) return;
  const first = drawer.hidden;
  shown = text;
  drawer.hidden = false;
  drawer.setAttribute("aria-label", `Row ${row}`);
  fill(drawer, content(answer, batch));
  if (first) drawer.querySelector(".close")?.focus({ preventScroll: true });
}

function content({ row, params, line, line_text, reasons, sent, entries }, batch) {
  const usage = line.result?.message?.usage;
  return [
    h("div", { class: "drawer-head" },
      letter(row.state), h("h2", { class: "mono" }, row.custom_id), h("span", { class: "dim" }, `row ${count(row.index + 1)}`), h("span", { class: "spring" }),
      h("a", { class: "button quiet close", href: address.link({ row: "" }), "aria-label": "Close", "data-focus": "close" }, "✕")),
    h("div", { class: "line wrap" },
      copyButton(() => asCurl(row, params), "Copy as curl"), copyButton(() => asPython(row, params), "Copy as Python"), copyButton(() => asPytest(row, params), "Copy as pytest")),
    section("Why", h("ul", { class: "reasons" }, reasons.map((text) => h("li", {}, text))),
      row.rule ? h("p", {}, "Rule ", h("a", { href: address.link({ view: "faults", row: "", batch: "" }), class: "mono" }, row.rule)) : null),
    section(`Attempts (${sent.length})`, h("ol", { class: "attempts" }, sent.map((one) => h("li", {},
      h("a", { class: "mono", href: address.link({ batch: one.batch, row: row.custom_id }), "aria-current": one.batch === batch ? "true" : null }, one.batch),
      h("span", { class: "dim" }, one.batch === batch ? " this one" : one.same ? " the same params" : " other params"))))),
    entries.length ? section("Price", prices(entries, row)) : section("Price", h("p", { class: "dim" }, "Known when the batch has ended.")),
    usage ? section("Usage", usageTable(usage)) : null,
    section("Request", code(pretty(params), "Request"), copyButton(() => JSON.stringify(params, null, 2), "Copy request")),
    section(row.state === "processing" ? "Result line, as it will be sent" : "Result line, exactly as sent",
      code(line_text.length > CUT ? `${line_text.slice(0, CUT)}\n… the first ${bytes(CUT)} of ${bytes(line_text.length)}` : line_text, "Result line", { class: "code wrapped" }),
      copyButton(line_text, "Copy line"),
      h("details", {}, h("summary", {}, "With indents"), code(pretty(line), "Result line with indents"))),
  ];
}

function section(title, ...children) {
  return h("section", { class: "part-of" }, h("h3", {}, title), children);
}

function prices(entries, row) {
  const factor = (text) => (text === "1" ? "" : ` × ${text}`);
  return h("table", { class: "table" },
    h("thead", {}, h("tr", {}, ["class", "quantity", "list price × factors", "USD"].map((name, at) => h("th", { scope: "col", class: at ? "number" : "" }, name)))),
    h("tbody", {}, entries.map((one) => h("tr", {},
      h("th", { scope: "row" }, one.class), h("td", { class: "number" }, count(one.quantity)),
      h("td", { class: "number" }, one.reason ? one.reason : `${perMillion(one)}${factor(one.batch_factor)}${factor(one.cache_factor)}${factor(one.geo_factor)}`),
      h("td", { class: "number" }, one.net === null ? "–" : one.net)))),
    h("tfoot", {}, h("tr", {}, h("th", { scope: "row", colspan: "3" }, "billed"), h("td", { class: "number" }, row.cost === null ? "–" : money(row.cost)))));
}

function perMillion(one) {
  return one.class.startsWith("web_") || one.class === "code_execution" ? `$${one.list_rate} each` : `$${Number((Number(one.list_rate) * 1e6).toPrecision(8))}/M`;
}

function usageTable(usage) {
  const flat = Object.entries(usage).flatMap(([name, value]) => (value && typeof value === "object" ? Object.entries(value).map(([inner, one]) => [`${name}.${inner}`, one]) : [[name, value]]));
  return h("table", { class: "table" }, h("tbody", {}, flat.map(([name, value]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", { class: "number" }, typeof value === "number" ? count(value) : String(value))))));
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function asCurl(row, params) {
  const body = JSON.stringify({ requests: [{ custom_id: row.custom_id, params }] });
  return `curl ${ORIGIN}/v1/messages/batches \\\n  -H 'x-api-key: sk-ant-anything' -H 'anthropic-version: 2023-06-01' -H 'content-type: application/json' \\\n  -d ${quoted(body)}\n`;
}

/** A value as a literal of Python. */
function python(value, indent = "") {
  const inner = `${indent}    `;
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (Array.isArray(value)) return value.length ? `[\n${value.map((one) => `${inner}${python(one, inner)},\n`).join("")}${indent}]` : "[]";
  if (typeof value === "object") {
    const pairs = Object.entries(value).map(([name, one]) => `${inner}${JSON.stringify(name)}: ${python(one, inner)},\n`);
    return pairs.length ? `{\n${pairs.join("")}${indent}}` : "{}";
  }
  return JSON.stringify(value);
}

function asPython(row, params) {
  return `import anthropic

client = anthropic.Anthropic(base_url="${ORIGIN}", api_key="sk-ant-anything")
batch = client.messages.batches.create(requests=[${python({ custom_id: row.custom_id, params })}])
print(batch.id)
`;
}

function asPytest(row, params) {
  return `import json
import urllib.request

import anthropic

URL, KEY = "${ORIGIN}", "sk-ant-test-${row.custom_id}"


def test_${row.custom_id.replace(/[^A-Za-z0-9_]/g, "_")}():
    client = anthropic.Anthropic(base_url=URL, api_key=KEY)
    batch = client.messages.batches.create(requests=[${python({ custom_id: row.custom_id, params }, "    ")}])
    to_its_end = json.dumps({"until": "batch.ended", "batch": batch.id}).encode()
    urllib.request.urlopen(
        urllib.request.Request(f"{URL}/_mockbatch/clock/advance", data=to_its_end, headers={"x-api-key": KEY})
    )
    (line,) = client.messages.batches.results(batch.id)
    assert line.result.type == "${row.outcome}"
`;
}
