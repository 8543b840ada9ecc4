// The life of a batch as a line: created, started, ended, expired, archived; and the present.

import { h } from "./dom.js";
import { instant, relative, seconds, span } from "./format.js";

const LIFE = 30 * 86400;

/** The position of an instant on a logarithmic scale: the first minutes get as much room as the last days. */
const place = (after) => Math.log10(1 + Math.max(0, after) / 60) / Math.log10(1 + LIFE / 60);

export function lifeline(one, now) {
  const born = seconds(one.created_at);
  const at = (text) => Math.min(1, place(seconds(text) - born)) * 100;
  const marks = [
    one.starts_at && seconds(one.starts_at) < seconds(one.ends_at) ? ["started", "▸", one.starts_at] : null,
    [seconds(one.ends_at) <= now ? "ended" : "ends", "E", one.ends_at],
    ["expiry", "X", one.expires_at],
    ["archive", "A", one.archived_at],
  ].filter(Boolean);
  const words = marks.map(([name, , text]) => `${name} ${relative(text, now)}`).join(", ");
  const room = innerWidth < 600 ? 19 : 9;
  let free = room;
  const labels = marks.flatMap(([name, , text]) => {
    if (at(text) < free || (name === "expiry" && text === one.ends_at)) return [];
    free = at(text) + room;
    return [
      h(
        "span",
        { class: at(text) > 95 ? "tick last" : "tick", style: at(text) > 95 ? {} : { left: `${at(text)}%` } },
        name,
      ),
    ];
  });
  return h(
    "div",
    { class: "life", role: "img", "aria-label": `Timeline: ${words}` },
    h("span", { class: "past", style: { width: `${Math.min(1, place(now - born)) * 100}%` } }),
    h("span", { class: "tick first" }, "created"),
    labels,
    marks.map(([name, sign, text]) =>
      h(
        "span",
        {
          class: `mark ${name}`,
          style: { left: `${at(text)}%` },
          title:
            `${name} ${instant(text)}, ${relative(text, now)} ` +
            `(${span(seconds(text) - born)} after it was created)`,
        },
        sign,
      ),
    ),
    h("span", { class: "here-mark", style: { left: `${Math.min(1, place(now - born)) * 100}%` }, title: "now" }),
  );
}
