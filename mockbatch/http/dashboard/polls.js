// Polls of one batch folded into one entry, with their gaps drawn.

import { h, svg } from "./dom.js";
import { seconds, span } from "./format.js";

/** Fold the polls of each batch into one entry, at the position of the last one. */
export function folded(calls) {
  const polls = new Map();
  for (const call of calls)
    if (call.op === "retrieve" && call.batch) polls.set(call.batch, [...(polls.get(call.batch) ?? []), call]);
  return calls.flatMap((call) => {
    const all = call.op === "retrieve" ? polls.get(call.batch) : null;
    if (!all || all.length < 2) return [{ call, polls: null }];
    return call === all.at(-1) ? [{ call, polls: all }] : [];
  });
}

export function sparkline(polls) {
  const gaps = polls
    .slice(1)
    .map((call, at) => seconds(call.at) - seconds(polls[at].at))
    .slice(-60);
  const most = Math.max(...gaps, 0.001);
  const points = gaps.map((gap, at) => `${((at + 0.5) / gaps.length) * 100},${19 - (gap / most) * 17}`).join(" ");
  const words = `Gaps between polls: from ${span(Math.min(...gaps))} to ${span(most)}`;
  return h(
    "span",
    { class: "spark-box" },
    svg(
      "svg",
      { class: "spark", viewBox: "0 0 100 20", preserveAspectRatio: "none", role: "img", "aria-label": words },
      gaps.length > 1 ? svg("polyline", { points }) : svg("circle", { cx: "50", cy: "10", r: "2" }),
    ),
    h("span", { class: "dim" }, `${span(Math.min(...gaps))} – ${span(most)}`),
  );
}
