// What a program failed to do, or should not have done: one card per kind, with advice.

import { calmly, fill, h } from "./dom.js";
import { count, counted } from "./format.js";
import { guarded } from "./parts.js";
import { ask, server } from "./server.js";
import * as address from "./address.js";

const OPEN = 5;
const NAMES = {
  all_failed: [
    "Batches without a single good row",
    "Every row failed, so the cause is something they share: a model, a parameter, a key.",
    "Look at the error of one row, and fix the common cause before you resend them.",
  ],
  duplicate: [
    "The same requests sent twice",
    "All of these batches are billed. Was a create retried because its response was lost?",
    "Before you retry a create, look for its batch in the list.",
  ],
  orphan: [
    "Results never read",
    "These batches have ended and are billed, but their results were never downloaded.",
    "Store batch IDs where they survive a restart of the program, and read the results of every batch that has ended.",
  ],
  unfinished: [
    "Still running",
    "These batches have not ended yet.",
    "Nothing, if your program still polls them; otherwise cancel them.",
  ],
  undelivered: [
    "Rows that never arrived",
    "A download was cut off and not retried.",
    "Compare the number of lines with request_counts, and download the results again if some are missing.",
  ],
  deleted_before_download: [
    "Deleted before being read",
    "The results are lost.",
    "Delete a batch only after you have stored its results.",
  ],
  poll_storm: [
    "Polled too often",
    "Polling more often does not make a batch faster.",
    "Wait between polls: a minute, as in the API documentation, and longer for batches that take long.",
  ],
  identical_retry: [
    "Resent requests that cannot succeed",
    "These requests failed with a permanent error and were resent unchanged.",
    "Retry overloaded_error, api_error, timeouts and expired rows; fix an invalid_request_error first.",
  ],
  rule_never_hit: [
    "A rule that never matched",
    "It was armed, but nothing matched it.",
    "Check its conditions, or remove it; a test that relies on it proves nothing.",
  ],
  unmatched_replay: [
    "Not in the recording",
    "A request has no recorded response.",
    "Record again, or remove from --match-on what changes between runs.",
  ],
  unmet_schema: [
    "Replies that do not satisfy their schema",
    "No valid value was found for a schema, so the closest one was sent.",
    "Simplify the schema, or set the reply with a rule.",
  ],
};
const MILD = ["unfinished"];

let known = { session: null, number: 0 };
let told = () => {};
let busy = false;
let again = false;

/** The number of problems, not counting batches that still run; updated by `recount`. */
export const number = () => (known.session === server.session ? known.number : 0);

/** `run` is called when the number of problems changes. */
export function onNumber(run) {
  told = run;
}

/** Recount soon; less often if counting is slow, since it reads all rows. */
export async function recount() {
  again = busy;
  if (busy || !server.session) return;
  busy = true;
  const began = performance.now();
  await guarded(kinds);
  setTimeout(rested, Math.max(5_000, 20 * (performance.now() - began)));
}

function rested() {
  busy = false;
  if (again) recount();
}

async function kinds() {
  const session = server.session;
  const found = (await ask("problems/kinds")).kinds;
  const sum = found.filter((one) => !MILD.includes(one.kind)).reduce((all, one) => all + one.count, 0);
  const same = known.session === session && known.number === sum;
  known = { session, number: sum };
  if (!same) told();
  return found;
}

export function view(root) {
  const list = h("div", { class: "cards wide" });
  fill(root, h("div", { class: "page" }, h("h2", {}, "Problems"), list));
  const refresh = async () => {
    const found = await kinds();
    const bad = found.filter((one) => !MILD.includes(one.kind)),
      mild = found.filter((one) => MILD.includes(one.kind));
    fill(
      list,
      bad.length
        ? bad.map(card)
        : h(
            "p",
            { class: "blank good" },
            mild.length ? "No problems so far." : "No problems. Every batch was read to its end.",
          ),
      mild.map(card),
    );
  };
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
  const [title, hint, advice] = NAMES[problem.kind] ?? [problem.kind.replaceAll("_", " "), "", ""];
  return h(
    "article",
    { class: `card problem-card ${MILD.includes(problem.kind) ? "mild" : ""}` },
    h(
      "div",
      { class: "line" },
      h("h3", {}, title),
      h("span", { class: "badge number-badge" }, count(problem.count)),
      h("span", { class: "spring" }),
      h("span", { class: "dim mono small" }, problem.kind),
    ),
    hint ? h("p", {}, hint) : null,
    advice ? h("p", { class: "advice" }, h("b", {}, "What to do: "), advice) : null,
    h("p", { class: "dim" }, problem.count === 1 ? problem.text : `The first: ${problem.text}`),
    links(problem),
    problem.custom_ids.length ? rows(problem) : null,
  );
}

/** The batches of a problem, collapsed if there are many. */
function links({ batches, count: number }) {
  if (!batches.length) return null;
  const all = batches.map((id) =>
    h("a", { class: "chip mono", href: address.link({ view: "", batch: id, q: "" }) }, id),
  );
  const rest =
    number > batches.length && batches.length >= OPEN
      ? h("p", { class: "dim" }, `and ${count(number - batches.length)} more`)
      : null;
  if (batches.length <= OPEN) return h("div", { class: "line wrap" }, all);
  return h(
    "details",
    {},
    h("summary", {}, counted(Math.max(number, batches.length), "batch", "batches")),
    h("div", { class: "line wrap" }, all),
    rest,
  );
}

function rows({ custom_ids, batches }) {
  return h(
    "div",
    { class: "line wrap" },
    h("span", { class: "dim" }, "rows"),
    custom_ids.map((id) =>
      h("a", { class: "chip mono", href: address.link({ view: "", batch: batches[0] ?? "", row: id, q: "" }) }, id),
    ),
  );
}
