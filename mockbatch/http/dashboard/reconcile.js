// A cost tracker compared with the ledger: the differences, grouped by cause.

import { fill, h } from "./dom.js";
import { count, counted, money } from "./format.js";
import { button, guarded, say } from "./parts.js";
import { ask } from "./server.js";
import { csvOf, save } from "./saving.js";

const SAMPLE = "custom_id,cost_usd";
const SHOWN = 200,
  OPEN = 20;

/** The drop zone for a file, and the result. */
export function reconciler() {
  const outcome = h("div", { class: "outcome", "aria-live": "polite" });
  const file = h("input", {
    type: "file",
    accept: ".csv,.tsv,.txt,.json,.jsonl,.gz,.zst,.bz2,.xz,.zip,text/csv",
    class: "sr",
    id: "tracker",
    onchange: () => guarded(() => take(file.files[0], file, outcome)),
  });
  const drop = h(
    "div",
    {
      class: "drop",
      ondragover: (event) => {
        event.preventDefault();
        drop.classList.add("over");
      },
      ondragleave: () => drop.classList.remove("over"),
      ondrop: (event) => {
        event.preventDefault();
        drop.classList.remove("over");
        guarded(() => take(event.dataTransfer.files[0], file, outcome));
      },
    },
    h(
      "label",
      { for: "tracker" },
      "Drop a CSV of your cost tracker here, or ",
      h("span", { class: "as-link" }, "choose one"),
      ".",
    ),
    file,
    h(
      "p",
      { class: "dim" },
      "It needs a column that names the request (",
      h("code", {}, "custom_id"),
      " or ",
      h("code", {}, "message_id"),
      ") and a cost or tokens, like ",
      h("code", {}, SAMPLE),
      ".",
    ),
  );
  return [drop, outcome];
}

async function take(csv, file, outcome) {
  if (!csv) return;
  const { clean, found } = await ask("ledger/reconcile", {
    method: "POST",
    body: csv,
    type: "application/octet-stream",
  });
  file.value = "";
  say(clean ? "The tracker agrees with the ledger" : "The tracker differs from the ledger", {
    kind: clean ? "" : "bad",
  });
  fill(
    outcome,
    h(
      "div",
      { class: "line wrap" },
      h("p", { class: clean ? "badge ok" : "badge bad" }, clean ? "agrees" : "differs"),
      clean ? null : button("Save as CSV", () => save("reconciliation.csv", asCsv(found))),
    ),
    h(
      "p",
      {},
      `${csv.name}: ${counted(found.matched, "row agrees", "rows agree")}, ` +
        `${counted(found.differences.length, "differs", "differ")}. ` +
        `The tracker has ${money(found.tracker_total)}, the ledger ${money(found.ledger_total)}.`,
    ),
    found.differences.length ? byReason(found.differences) : null,
    names("Not in the tracker", found.missing),
    names("Not in the ledger", found.unmatched),
    names("Unknown columns", found.unknown_columns),
    names("Not compared", [...found.currencies, ...found.problems]),
    names("Notes", found.notes ?? []),
  );
  outcome.scrollIntoView({ block: "start" });
}

const reasonOf = (one) => one.reasons.join("; ") || "no reason found";

/** The differences in one table: a line per cause, its rows collapsed. */
function byReason(differences) {
  const groups = [...Map.groupBy(differences, reasonOf)].sort(([, one], [, other]) => other.length - one.length);
  return h(
    "div",
    { class: "reasons-found" },
    groups.map(([reason, rows]) => {
      const sum = rows.reduce((all, one) => all + Number(one.difference), 0);
      return h(
        "details",
        { open: differences.length <= OPEN },
        h(
          "summary",
          {},
          h("b", {}, counted(rows.length, "row")),
          ` ${reason} `,
          h("span", { class: "sum" }, signed(sum)),
        ),
        table(rows),
      );
    }),
  );
}

const signed = (value) => `${value > 0 ? "+" : ""}${money(String(value))}`;

function table(rows) {
  return h(
    "div",
    { class: "money-table", tabindex: "0", role: "region", "aria-label": "Rows that differ" },
    h(
      "table",
      { class: "table" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ["row", "tracker", "ledger", "difference", "likely reason"].map((name, at) =>
            h("th", { scope: "col", class: at && at < 4 ? "number" : "" }, name),
          ),
        ),
      ),
      h(
        "tbody",
        {},
        rows.slice(0, SHOWN).map((one) =>
          h(
            "tr",
            {},
            h("th", { scope: "row", class: "mono" }, one.id),
            [one.tracker, one.ledger, one.difference].map((amount) =>
              h("td", { class: "number", title: amount }, money(amount)),
            ),
            h("td", {}, reasonOf(one)),
          ),
        ),
      ),
    ),
    rows.length > SHOWN
      ? h("p", { class: "dim" }, `and ${count(rows.length - SHOWN)} more, all of them in the CSV`)
      : null,
  );
}

function names(title, found) {
  return found.length
    ? h(
        "details",
        { open: found.length <= OPEN },
        h("summary", {}, `${title}: ${count(found.length)}`),
        h("p", { class: "mono names" }, found.slice(0, SHOWN).join("  ")),
      )
    : null;
}

function asCsv(found) {
  return csvOf(
    ["row", "finding", "tracker_usd", "ledger_usd", "difference_usd", "reason"],
    [
      ...found.differences.map((one) => [
        one.id,
        "differs",
        one.tracker,
        one.ledger,
        one.difference,
        one.reasons.join("; "),
      ]),
      ...found.missing.map((name) => [name, "not in the tracker", "", "", "", ""]),
      ...found.unmatched.map((name) => [name, "not in the ledger", "", "", "", ""]),
    ],
  );
}
