// The clock, always visible: current time, speed, next event, and controls.

import { byId, calmly, fill, h } from "./dom.js";
import { freshen } from "./ages.js";
import { clockTime, relative, seconds, span } from "./format.js";
import { button, guarded } from "./parts.js";
import { asToolbar, rove } from "./toolbar.js";
import { ask, post, server } from "./server.js";

const SPEEDS = [1, 60, 1000];
const DAY = "24h";
const STEPS = [
  ["+1 m", "1m", "a minute"],
  ["+1 h", "1h", "an hour"],
  ["+24 h", DAY, "24 hours"],
  ["+29 d", "29d", "29 days"],
];
const TICKS = [
  [60, "1 m"],
  [3600, "1 h"],
  [86400, "24 h"],
  [29 * 86400, "29 d"],
];
const AHEAD = 30 * 86400,
  DRAWN = 200;

let clock = null;
let taken = 0;
let told = null;
let coming = [];
let running = () => null;
const parts = {};

/** The virtual time, in seconds since 1970. */
export function now() {
  if (!clock) return Date.now() / 1000;
  const passed = clock.frozen ? 0 : ((performance.now() - taken) / 1000) * clock.speedup;
  return seconds(clock.now) + passed;
}

export const moves = () => Boolean(clock && !clock.frozen && clock.speedup > 0);

/** Create the bar. `selected` returns the open batch if it is running. */
export function start(selected) {
  running = selected;
  Object.assign(parts, {
    play: button("Pause", toggle, { class: "button play" }),
    year: h("span", { class: "date year" }),
    date: h("span", { class: "date" }),
    time: h("span", { class: "time" }),
    pace: h("span", { class: "pace" }),
    speeds: h("div", { class: "group speeds", role: "group", "aria-label": "Speed" }),
    next: button(
      [h("span", { class: "long" }, "To next event"), h("span", { class: "short-label", "aria-hidden": "true" }, "⇥")],
      nextEvent,
      { class: "button next", "aria-label": "To next event", "data-focus": "next" },
    ),
    more: button("⋯", () => byId("timebar").classList.toggle("all"), {
      class: "button more",
      "aria-label": "More of time",
      title: "Speed, more steps, what comes",
    }),
    end: button("End this batch", endBatch, { class: "button end" }),
    coming: h("div", { class: "ahead", role: "img", "aria-label": "Nothing is coming up" }),
  });
  fill(
    byId("timebar"),
    h(
      "div",
      { class: "controls" },
      parts.play,
      h(
        "div",
        { class: "now", "aria-label": "Virtual now" },
        h("span", {}, parts.year, parts.date),
        parts.time,
        h("span", { class: "dim zone" }, "UTC"),
        parts.pace,
      ),
      parts.speeds,
      h(
        "div",
        { class: "group steps", role: "group", "aria-label": "Move time" },
        STEPS.map(([label, by, words]) =>
          button(label, () => advance({ by }), {
            "aria-label": `Advance by ${words}`,
            ...(by === DAY && { title: "Advance by 24 hours (d)", "aria-keyshortcuts": "d" }),
          }),
        ),
      ),
      parts.next,
      parts.end,
      parts.more,
    ),
    parts.coming,
  );
  asToolbar(byId("timebar").querySelector(".controls"), "Time");
  setInterval(tick, 200);
}

export async function refresh() {
  if (!server.session) {
    clock = null;
    show();
    return;
  }
  clock = await ask("clock");
  taken = performance.now();
  show();
  comingSoon();
}

const comingSoon = calmly(1000, () => guarded(refreshComing));

async function refreshComing() {
  if (server.session) setBatches((await ask("batches", { query: { limit: DRAWN } })).batches);
}

export const refreshSoon = calmly(150, () => guarded(refresh));

function setBatches(batches) {
  coming = batches.flatMap((batch) => [
    ...(batch.ended_at
      ? []
      : [{ at: seconds(batch.ends_at), kind: batch.ends_at === batch.expires_at ? "expired" : "ended", id: batch.id }]),
    { at: seconds(batch.archived_at), kind: "archived", id: batch.id },
  ]);
  drawComing();
}

export async function advance(how) {
  await post("clock/advance", how);
  await refresh();
}

export async function toggle() {
  if (!clock) return;
  clock = await post(clock.frozen ? "clock/resume" : "clock/freeze");
  taken = performance.now();
  show();
}

export const nextEvent = () => advance({ events: 1 });
export const nextDay = () => advance({ by: DAY });

async function endBatch() {
  const batch = running();
  if (batch) await post(`batches/${batch}/end`);
}

async function speed(factor) {
  await post("clock/speedup", { speedup: factor });
  if (clock?.frozen) await post("clock/resume");
  await refresh();
}

export function show() {
  const has = Boolean(clock);
  const frozen = clock?.frozen ?? false;
  byId("timebar").classList.toggle("frozen", frozen);
  parts.play.textContent = frozen ? "▶" : "❚❚";
  parts.play.setAttribute("aria-label", frozen ? "Let time run" : "Pause time");
  parts.play.title = frozen ? "Let time run (space)" : "Pause time (space)";
  parts.pace.textContent = !has ? "no session yet" : frozen ? "paused" : `×${clock.speedup}`;
  fill(
    parts.speeds,
    SPEEDS.map((factor) =>
      button(`×${factor}`, () => speed(factor), {
        "aria-pressed": String(has && !frozen && clock.speedup === factor),
        "aria-label": `Speed times ${factor}`,
      }),
    ),
  );
  const next = clock?.next_event;
  parts.next.disabled = !next;
  parts.next.title = next ? `${next.type} of ${next.batch} (.)` : "Nothing is coming up";
  for (const one of byId("timebar").querySelectorAll(".controls button")) {
    one.disabled = !has || (one === parts.next && !next);
  }
  parts.more.disabled = false;
  showEnd();
  tick();
  drawComing();
}

/** Only a running batch can be ended. */
export function showEnd() {
  parts.end.disabled = !clock || !running();
  rove(byId("timebar").querySelector(".controls"));
}

function tick() {
  const [date, time] = clockTime(now());
  if (parts.time.textContent !== time) parts.time.textContent = time;
  if (parts.date.textContent !== date.slice(5))
    [parts.year.textContent, parts.date.textContent] = [date.slice(0, 5), date.slice(5)];
  if (clock && moves()) calmDraw();
  const second = Math.floor(now());
  if (second !== told) freshen(now());
  told = second;
}

const calmDraw = calmly(1000, drawComing);

/** The position of an instant `ahead` seconds away, on a logarithmic scale. */
const place = (ahead) => Math.log10(1 + Math.max(0, ahead) / 10) / Math.log10(1 + AHEAD / 10);

function drawComing() {
  const from = now();
  const marks = new Map();
  for (const one of coming) {
    if (one.at <= from || one.at - from > AHEAD) continue;
    const at = Math.round(place(one.at - from) * 120);
    const key = `${one.kind} ${at}`;
    const mark = marks.get(key) ?? { ...one, at, many: 0, first: one.at };
    mark.many += 1;
    marks.set(key, mark);
  }
  const found = [...marks.values()].sort((a, b) => a.first - b.first);
  const words = found
    .slice(0, 5)
    .map((mark) => `${mark.kind} in ${span(mark.first - from)}`)
    .join(", ");
  parts.coming.setAttribute("aria-label", found.length ? `Coming up: ${words}` : "Nothing is coming up");
  fill(
    parts.coming,
    h("span", { class: "tick first" }, "now"),
    TICKS.map(([at, label]) => h("span", { class: "tick", style: { left: `${place(at) * 100}%` } }, label)),
    found.map((mark) =>
      h(
        "span",
        {
          class: `mark ${mark.kind}`,
          style: { left: `${(mark.at / 120) * 100}%` },
          title: markTitle(mark, from),
        },
        { ended: "E", expired: "X", archived: "A" }[mark.kind],
      ),
    ),
  );
}

function markTitle(mark, from) {
  const what = mark.many > 1 ? `${mark.many} batches` : mark.id;
  return `${what} ${mark.kind} ${relative(new Date(mark.first * 1000).toISOString(), from)}`;
}
