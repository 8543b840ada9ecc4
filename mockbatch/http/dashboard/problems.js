// What a program did not do, or should not have done.

import { calmly, fill, h } from "./dom.js";
import { count, counted } from "./format.js";
import { guarded } from "./parts.js";
import { ask } from "./server.js";
import * as address from "./address.js";

const SHOWN = 200;
const NAMES = {
  duplicate: ["The same requests twice", "Both batches are billed. Was the answer to a create lost, and the call repeated?"],
  orphan: ["Results that nobody read", "The batch has ended, it is billed, and its results were never downloaded."],
  unfinished: ["Still running", "Nobody waited for its end, or not yet."],
  undelivered: ["Rows that never arrived", "A download broke off, and was not taken up again."],
  deleted_before_download: ["Deleted before it was read", "The results are gone for ever."],
  poll_storm: ["Polled too often", "Wait between polls; the batch does not get faster."],
  identical_retry: ["Sent again what cannot succeed", "These requests were refused for good, and came again unchanged."],
  rule_never_hit: ["A rule that never struck", "It was armed, and nothing met it."],
  unmatched_replay: ["Not in the recording", "A request has no recorded answer."],
  unmet_schema: ["Nearly met a schema", "No value of a schema was found, so the nearest one was sent."],
};

export function view(root) {
  const list = h("div", { class: "cards wide" });
  fill(root, h("div", { class: "page" }, h("h2", {}, "Problems"), list));
  async function refresh() {
    const { problems } = await ask("problems");
    fill(list, problems.length ? [problems.slice(0, SHOWN).map(card), problems.length > SHOWN ? h("p", { class: "dim" }, `and ${count(problems.length - SHOWN)} more`) : null] : h("p", { class: "blank good" }, "No problems. Every batch was read to its end."));
  }
  const soon = calmly(500, () => guarded(refresh));
  return {
    title: "Problems",
    refresh,
    news: (event) => event.type !== "hello" && soon(),
    changed: () => {},
    close: () => {},
  };
}

function card(problem) {
  const [title, hint] = NAMES[problem.kind] ?? [problem.kind.replaceAll("_", " "), ""];
  return h("article", { class: `card problem-card ${problem.kind === "unfinished" ? "mild" : ""}` },
    h("div", { class: "line" }, h("h3", {}, title), h("span", { class: "badge" }, problem.kind)),
    h("p", {}, problem.text), hint ? h("p", { class: "dim" }, hint) : null,
    h("div", { class: "line wrap" }, problem.batches.map((id) => h("a", { class: "chip mono", href: address.link({ view: "", batch: id, q: "" }) }, id))),
    problem.custom_ids.length ? h("div", { class: "line wrap" }, h("span", { class: "dim" }, counted(problem.custom_ids.length, "row")), problem.custom_ids.map((id) => h("a", { class: "chip mono", href: address.link({ view: "", batch: problem.batches[0], row: id, q: "" }) }, id))) : null);
}
