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
    "Whatever went wrong went wrong with all of them: a model, a parameter, a key.",
    "Look at the error of one row, and correct what all rows share before you send them again.",
  ],
  duplicate: [
    "The same requests twice",
    "Both batches are billed. Was the answer to a create lost, and the call repeated?",
    "Look in the list for a batch that you may have made before you repeat a create.",
  ],
  orphan: [
    "Results that nobody read",
    "The batches have ended, they are billed, and their results were never downloaded.",
    "Keep the ids of batches where a restart of the program finds them, and read the results of each that has ended.",
  ],
  unfinished: [
    "Still running",
    "Nobody waited for their end, or not yet.",
    "Nothing, as long as somebody comes back for them; else cancel them.",
  ],
  undelivered: [
    "Rows that never arrived",
    "A download broke off, and was not taken up again.",
    "Compare the number of lines with request_counts, and download the results again where some are missing.",
  ],
  deleted_before_download: [
    "Deleted before they were read",
    "The results are gone for ever.",
    "Delete a batch only when its results are stored.",
  ],
  poll_storm: [
    "Polled too often",
    "The batch does not get faster.",
    "Wait between polls: a minute is the rhythm of the documentation, longer the longer it takes.",
  ],
  identical_retry: [
    "Sent again what cannot succeed",
    "These requests were refused for good, and came again unchanged.",
    "Retry overloaded_error, api_error, timeouts and expired rows; correct invalid_request_error first.",
  ],
  rule_never_hit: [
    "A rule that never struck",
    "It was armed, and nothing met it.",
    "Check what it matches, or remove it; a test that relies on it proves nothing.",
  ],
  unmatched_replay: [
    "Not in the recording",
    "A request has no recorded answer.",
    "Record again, or leave out of --match-on what changes from run to run.",
  ],
  unmet_schema: [
    "Nearly met a schema",
    "No value of a schema was found, so the nearest one was sent.",
    "Make the schema simpler, or give the reply in a rule.",
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
