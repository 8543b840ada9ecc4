// Relative times, kept up to date with the virtual clock wherever they are on the page.

import { h } from "./dom.js";
import { brief, instant, relative, seconds, span } from "./format.js";

const SOON = 4 * 3600;
const WORDS = {
  ago: (at, now) => relative(at, now),
  brief: (at, now) => brief(at, now),
  expires: (at, now) => (seconds(at) > now ? `expires in ${span(seconds(at) - now)}` : "expired"),
};

/** A relative time; `how` is one of `ago`, `brief` and `expires`. */
export function age(at, how, now) {
  const element = h("time", { class: "age dim", datetime: at, title: instant(at), "data-age": how });
  tell(element, now);
  return element;
}

/** Update all relative times on the page. */
export function freshen(now) {
  for (const element of document.querySelectorAll("time[data-age]")) tell(element, now);
}

function tell(element, now) {
  const { age: how } = element.dataset;
  const at = element.getAttribute("datetime");
  const text = WORDS[how](at, now);
  if (element.textContent !== text) element.textContent = text;
  if (how === "expires") element.className = seconds(at) - now < SOON ? "age badge warn" : "age dim";
}
