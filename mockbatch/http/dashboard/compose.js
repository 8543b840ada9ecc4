// Create a batch from the page: JSON lines, or one of three samples.

import { h } from "./dom.js";
import { button } from "./parts.js";
import { ask, post, Refused, server } from "./server.js";
import * as address from "./address.js";

const request = (custom_id, content, more = {}) => ({
  custom_id,
  params: { model: "claude-haiku-4-5", max_tokens: 256, messages: [{ role: "user", content }], ...more },
});
const SCHEMA = {
  type: "object",
  properties: { title: { type: "string" }, mood: { enum: ["glad", "sad"] } },
  required: ["title", "mood"],
  additionalProperties: false,
};
const SAMPLES = {
  "Three greetings": () =>
    ["Anna", "Ben", "Cleo"].map((name) => request(`hello-${name.toLowerCase()}`, `Greet ${name} in one sentence.`)),
  "Of every kind": () => [
    request("plain", "Tell me about the sea."),
    request("as-json", "A title and a mood for a song.", {
      output_config: { format: { type: "json_schema", schema: SCHEMA } },
    }),
    request("with-a-tool", "What is the weather in Oslo?", {
      tools: [
        {
          name: "get_weather",
          description: "The weather of a place",
          input_schema: { type: "object", properties: { place: { type: "string" } }, required: ["place"] },
        },
      ],
      tool_choice: { type: "any" },
    }),
    {
      custom_id: "no-such-model",
      params: { model: "claude-nobody", max_tokens: 16, messages: [{ role: "user", content: "Hello" }] },
    },
    request("too-short", "A long story, please.", { max_tokens: 5 }),
  ],
  "A thousand rows": () => Array.from({ length: 1000 }, (_, at) => request(`row-${at}`, `Sum up document ${at}.`)),
};

const lines = (requests) => `${requests.map((one) => JSON.stringify(one)).join("\n")}\n`;

/** The form in which a batch is written and sent. */
export function composer() {
  const area = h("textarea", {
    class: "mono area",
    rows: "10",
    spellcheck: "false",
    "aria-label": "Requests, one a line",
    "data-focus": "area",
  });
  area.value = lines(SAMPLES["Three greetings"]());
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  async function send() {
    try {
      if (!server.session) server.session = (await post("sessions", { label: "dashboard" }, { of: null })).id;
      const made = await ask("batches", { method: "POST", body: area.value, type: "application/jsonl" });
      problem.hidden = true;
      address.go({ session: server.session, view: "", batch: made.id, row: "", q: "", rq: "" });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      problem.hidden = false;
      problem.textContent = error.message;
    }
  }
  return h(
    "div",
    { class: "composer" },
    h(
      "div",
      { class: "line wrap" },
      h("span", { class: "dim" }, "Samples:"),
      Object.entries(SAMPLES).map(([name, make]) => button(name, () => (area.value = lines(make())))),
    ),
    area,
    problem,
    h(
      "div",
      { class: "line" },
      button("Send to the mock", send, {
        class: "button primary",
        title: "Send to the mock (Ctrl Enter)",
        "aria-keyshortcuts": "Control+Enter Meta+Enter",
      }),
      h("span", { class: "dim" }, "One request a line: custom_id and params."),
    ),
  );
}

export function view(root) {
  root.replaceChildren(h("div", { class: "page" }, h("h2", {}, "Compose a batch"), composer()));
  return { title: "Compose", refresh: async () => {}, news: () => {}, changed: () => {}, close: () => {} };
}
