// Rules as sentences: targets, frequency, and time.

import { count, instant } from "./format.js";

const STRUCK = {
  item: ["row", "rows"],
  messages: ["message", "messages"],
  batch: ["batch", "batches"],
  create: ["create", "creates"],
  retrieve: ["poll", "polls"],
  list: ["list", "lists"],
  cancel: ["cancel", "cancels"],
  delete: ["delete", "deletes"],
  results: ["download", "downloads"],
  http: ["call of any kind", "calls of any kind"],
  connection: ["connection", "connections"],
  webhook: ["webhook", "webhooks"],
};
const MATCHED = {
  custom_id: "custom_id matches",
  model: "model matches",
  prompt: "prompt contains",
  system: "system prompt contains",
  tool: "tool matches",
  batch: "batch matches",
  session: "key matches",
};

/** The plural name of what a rule applies to. */
export const struckBy = (on) => STRUCK[on]?.[1] ?? on;

const percent = (share) => `${Number((share * 100).toPrecision(4))} %`;

function howMany(rule) {
  const [one, many] = STRUCK[rule.on] ?? [rule.on, rule.on];
  if (rule.exactly !== undefined) return `${count(rule.exactly)} ${rule.exactly === 1 ? one : many} of each batch`;
  if (rule.rate !== undefined) return `${percent(rule.rate)} of the ${many}`;
  const each =
    rule.every !== undefined
      ? `one in ${count(rule.every)} ${many}`
      : rule.probability !== undefined
        ? `${percent(rule.probability)} of the ${many}`
        : "";
  const times =
    rule.times === undefined
      ? ""
      : rule.times === 1 && !each
        ? `the next ${one}`
        : each
          ? `, ${count(rule.times)} in all`
          : `the next ${count(rule.times)} ${many}`;
  return each || times
    ? `${each}${times}`
    : rule.on === "webhook" || rule.on === "item"
      ? `all ${many}`
      : `every ${one}`;
}

const matched = (match = {}) =>
  Object.entries(match)
    .map(
      ([name, value]) =>
        `${MATCHED[name] ?? `${name} is`} ${typeof value === "object" ? JSON.stringify(value) : value}`,
    )
    .join(", and whose ");
const moment = (text) => (text.startsWith("+") ? `${text.slice(1)} after the start` : instant(text));

/** @param {{from?: string, to?: string}} [window] */
function when({ from, to } = {}) {
  return [from ? `from ${moment(from)}` : "", to ? `until ${moment(to)}` : ""].filter(Boolean).join(" ");
}

/** A rule as a sentence without its name. */
export function inWords(rule) {
  const parts = [`Applies to ${howMany(rule)}`];
  const match = matched(rule.match);
  if (match) parts.push(`whose ${match}`);
  if (rule.skip) parts.push(`after ${count(rule.skip)} that are spared`);
  if (rule.fail_attempts !== undefined)
    parts.push(
      rule.fail_attempts === 1
        ? "the first time each is sent"
        : `the first ${count(rule.fail_attempts)} times each is sent`,
    );
  const during = when(rule.during);
  if (during) parts.push(during);
  return `${parts.join(" ")}.`;
}

/** The effect of a rule, if its fault alone does not say it. */
export function deed(rule) {
  const told = { ...rule.with };
  for (const name of ["reply", "errored", "outcome"]) if (rule[name] !== undefined) told[name] = rule[name];
  return Object.entries(told)
    .map(([name, value]) => `${name} ${typeof value === "object" ? JSON.stringify(value) : value}`)
    .join(", ");
}
