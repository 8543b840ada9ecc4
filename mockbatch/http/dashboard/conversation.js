// A request and its reply as turns of a conversation, with any content.

import { h } from "./dom.js";
import { bytes, count, counted, pretty } from "./format.js";

const LONG = 1500,
  MOST = 50_000,
  LAST = 6;

/** The turns of a request, scrolled to the last ones. */
export function conversation(params) {
  if (!isObject(params)) return turn("request", [json(params)]);
  const messages = Array.isArray(params.messages)
    ? params.messages
    : params.messages === undefined
      ? []
      : [{ role: "messages", content: params.messages }];
  const turns = messages.map((one) =>
    isObject(one) ? turn(String(one.role), blocks(one.content)) : turn("message", [json(one)]),
  );
  const early = turns.length > LAST ? turns.slice(0, -LAST) : [];
  return h(
    "section",
    { class: "conversation", "aria-label": "Conversation" },
    wishes(params),
    params.system === undefined ? null : turn("system", blocks(params.system)),
    early.length
      ? h("details", { class: "early" }, h("summary", {}, `${count(early.length)} earlier turns`), early)
      : null,
    turns.slice(early.length),
  );
}

/** The reply, as sent or to be sent; empty if there is none. */
export function reply(result, row) {
  const message = result?.message;
  if (!isObject(message)) return null;
  const used = message.usage?.output_tokens;
  return h(
    "section",
    { class: "conversation reply", "aria-label": "Reply" },
    turn(row.state === "processing" ? "assistant, as it will answer" : "assistant", blocks(message.content)),
    h(
      "p",
      { class: "dim small" },
      [
        message.stop_reason ? `stop_reason ${message.stop_reason}` : "",
        used === undefined ? "" : counted(used, "output token"),
      ]
        .filter(Boolean)
        .join(" · "),
    ),
  );
}

/** Request parameters other than the turns. */
function wishes({ tools, ...others }) {
  const wished = Object.entries(others).filter(([name]) => !["messages", "system"].includes(name));
  const told = wished.map(([name, value]) =>
    h(
      "span",
      { class: "wish" },
      h("span", { class: "dim" }, name),
      " ",
      clipped(typeof value === "object" ? JSON.stringify(value) : String(value), 80),
    ),
  );
  const named = Array.isArray(tools)
    ? tools.map((one) =>
        h(
          "span",
          { class: "badge", title: clipped(one?.description ?? one?.type ?? "", 300) },
          clipped(String(one?.name ?? one?.type ?? "tool"), 80),
        ),
      )
    : [];
  return h(
    "p",
    { class: "wishes" },
    told,
    named.length ? h("span", { class: "wish" }, h("span", { class: "dim" }, "tools"), " ", named) : null,
  );
}

function turn(role, content) {
  const kind = ["user", "assistant", "system"].find((one) => role.startsWith(one)) ?? "other";
  return h("article", { class: `turn ${kind}` }, h("h3", { class: "role" }, role), content);
}

function blocks(content) {
  if (typeof content === "string") return [words(content)];
  return Array.isArray(content)
    ? content.map((one) => (typeof one === "string" ? words(one) : isObject(one) ? block(one) : json(one)))
    : [json(content)];
}

const KINDS = {
  text: (one) => words(String(one.text)),
  thinking: (one) => h("details", { class: "thought" }, h("summary", {}, "Thinking"), words(String(one.thinking))),
  image: (one) => placeholder("Image", one.source),
  document: (one) =>
    one.source?.type === "text"
      ? named(`Document ${one.title ?? ""}`, words(String(one.source.data)))
      : placeholder(`Document ${one.title ?? ""}`, one.source),
  tool_use: (one) => named(["calls ", h("b", { class: "mono" }, String(one.name))], json(one.input)),
  server_tool_use: (one) =>
    named(["calls ", h("b", { class: "mono" }, String(one.name)), " of the server"], json(one.input)),
  tool_result: (one) =>
    named(
      [
        one.is_error ? "error of the tool " : "result of the tool ",
        h("span", { class: "mono dim" }, String(one.tool_use_id ?? "")),
      ],
      blocks(one.content ?? ""),
    ),
};

function block(one) {
  const draw = Object.hasOwn(KINDS, one.type) ? KINDS[one.type] : null;
  const content = draw ? draw(one) : named(h("span", { class: "mono" }, String(one.type ?? "block")), json(one));
  return one.cache_control ? [content, h("span", { class: "badge" }, "cache breakpoint")] : content;
}

function named(title, ...content) {
  return h("div", { class: "block" }, h("p", { class: "block-name" }, title), content);
}

/** A placeholder for non-text data, which is never loaded or drawn. */
function placeholder(name, source) {
  const { type, media_type, data, url, file_id } = source ?? {};
  const size = typeof data === "string" ? `about ${bytes(Math.round(data.length * 0.75))}` : "";
  return h(
    "p",
    { class: "placeholder" },
    h("b", {}, name.trim()),
    " ",
    [media_type, size, url ?? file_id, type]
      .filter((text) => typeof text === "string" && text)
      .map((text) => clipped(text, 120))
      .join(" · "),
  );
}

function words(text) {
  if (text.length <= LONG) return h("p", { class: "said" }, text);
  const rest = text.length > MOST ? `\n… the first ${count(MOST)} of ${count(text.length)} characters` : "";
  return h(
    "details",
    { class: "long" },
    h("summary", {}, `${clipped(text, 300)} (${count(text.length)} characters)`),
    h("p", { class: "said" }, text.slice(0, MOST) + rest),
  );
}

const json = (value) => h("pre", { class: "said mono" }, pretty(value ?? null, 20_000));
const clipped = (text, length) => (text.length > length ? `${text.slice(0, length)}…` : text);
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
