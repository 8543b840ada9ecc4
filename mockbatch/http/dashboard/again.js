// A row as code that sends it again.

import { ORIGIN } from "./server.js";

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

export function asCurl(row, params) {
  const body = JSON.stringify({ requests: [{ custom_id: row.custom_id, params }] });
  const headers = ["x-api-key: sk-ant-anything", "anthropic-version: 2023-06-01", "content-type: application/json"];
  const options = headers.map((header) => `-H '${header}'`).join(" ");
  return `curl ${ORIGIN}/v1/messages/batches \\\n  ${options} \\\n  -d ${quoted(body)}\n`;
}

/** Return a value as a Python literal. */
function python(value, indent = "") {
  const inner = `${indent}    `;
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (Array.isArray(value))
    return value.length ? `[\n${value.map((one) => `${inner}${python(one, inner)},\n`).join("")}${indent}]` : "[]";
  if (typeof value === "object") {
    const pairs = Object.entries(value).map(
      ([name, one]) => `${inner}${JSON.stringify(name)}: ${python(one, inner)},\n`,
    );
    return pairs.length ? `{\n${pairs.join("")}${indent}}` : "{}";
  }
  return JSON.stringify(value);
}

export function asPython(row, params) {
  return `import anthropic

client = anthropic.Anthropic(base_url="${ORIGIN}", api_key="sk-ant-anything")
batch = client.messages.batches.create(requests=[${python({ custom_id: row.custom_id, params })}])
print(batch.id)
`;
}

export function asPytest(row, params) {
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
