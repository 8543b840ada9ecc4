// Banners above every view: server unreachable, armed rules, and relevant settings.

import { byId, calmly, fill, h } from "./dom.js";
import { button, guarded } from "./parts.js";
import { server } from "./server.js";
import * as address from "./address.js";
import { armed, disarmAll } from "./rules.js";
import { inForce, strip } from "./settings.js";

const NAMED = 4;
let rules = [];
let settings = null;

/** Load the armed rules and the settings, and show them. */
export async function refresh() {
  [rules, settings] = server.session ? await Promise.all([armed(), inForce()]) : [[], null];
  show();
}

export const refreshSoon = calmly(300, () => guarded(refresh));

export function show() {
  const live = [
    ...rules.filter((rule) => rule.rule.enabled !== false && rule.remaining !== 0),
    ...(settings?.shared_rules ?? []),
  ];
  fill(
    byId("banners"),
    server.lost ? lost() : null,
    live.length ? faults(live) : null,
    settings ? strip(settings) : null,
  );
}

function lost() {
  return h(
    "p",
    { class: "banner lost", role: "alert" },
    "The server does not respond. This page reconnects automatically.",
  );
}

function faults(live) {
  const names = live
    .slice(0, NAMED)
    .map((rule) => rule.name)
    .join(", ");
  return h(
    "p",
    { class: "banner armed-banner", role: "status" },
    h(
      "span",
      { class: "banner-words" },
      h("b", {}, live.length === 1 ? "1 fault is armed: " : `${live.length} faults are armed: `),
      names,
      live.length > NAMED ? ", …" : "",
    ),
    h("span", { class: "spring" }),
    h("a", { href: address.link({ view: "faults", row: "", call: "" }) }, "Look"),
    button(
      "Disarm all",
      async () => {
        await disarmAll();
        await refresh();
      },
      { "aria-label": "Disarm all faults" },
    ),
  );
}
