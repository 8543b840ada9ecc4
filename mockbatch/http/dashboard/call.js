// One call in the drawer: request and response, as far as they are kept.

import { byId, fill, h } from "./dom.js";
import { bytes, instant, pretty, span } from "./format.js";
import { code, copyButton } from "./parts.js";
import { ask } from "./server.js";
import * as address from "./address.js";

/** Show the call named in the URL, if any. */
export async function showCall() {
  const id = address.get("call");
  const drawer = byId("drawer");
  if (!id) {
    drawer.hidden = true;
    return;
  }
  const call = await ask(`requests/${id}`);
  drawer.hidden = false;
  drawer.setAttribute("aria-label", `Call ${id}`);
  fill(
    drawer,
    h(
      "div",
      { class: "drawer-head" },
      h("h2", { class: "mono" }, `${call.method} ${call.path}`),
      h("span", { class: "spring" }),
      h(
        "a",
        { class: "button quiet close", href: address.link({ call: "" }), "aria-label": "Close", "data-focus": "close" },
        "✕",
      ),
    ),
    facts(call),
    call.cut ? h("p", { class: "warn" }, "Only the first 16 kB of each body are kept.") : null,
    call.sent ? part("Sent", call.sent, "Copy the request") : null,
    part("Answered", call.answered, "Copy the response"),
    h(
      "section",
      { class: "part-of" },
      h("h3", {}, "Headers"),
      code(
        Object.entries(call.headers)
          .map(([name, value]) => `${name}: ${value}`)
          .join("\n"),
        "Headers",
      ),
    ),
  );
}

export const statusOf = (call) =>
  h("span", { class: call.status >= 400 || call.status === 0 ? "badge bad" : "badge ok" }, call.status || "cut");

function facts(call) {
  const told = [
    ["Status", statusOf(call)],
    ["Struck by", call.fault ? h("span", { class: "badge fault" }, call.fault) : "no rule"],
    ["Took", span(call.took)],
    ["Request, response", `${bytes(call.received)}, ${bytes(call.size)}`],
    ["Virtual time", instant(call.at)],
    ["Real time", instant(call.real_at)],
    ["Request id", h("span", { class: "mono" }, call.request_id)],
    [
      "Batch",
      call.batch
        ? h("a", { class: "mono", href: address.link({ view: "", batch: call.batch, q: "", call: "" }) }, call.batch)
        : "–",
    ],
  ];
  return h(
    "dl",
    { class: "facts" },
    told.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", { class: "break" }, value))),
  );
}

function part(title, text, label) {
  return h("section", { class: "part-of" }, h("h3", {}, title), code(indented(text), title), copyButton(text, label));
}

function indented(text) {
  try {
    return pretty(JSON.parse(text));
  } catch {
    return text;
  }
}
