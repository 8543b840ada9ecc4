// The theme: light, dark, or the system's.

import { byId, fill } from "./dom.js";
import { button } from "./parts.js";
import { help } from "./keyboard.js";

const THEMES = ["auto", "light", "dark"];
const SIGNS = { auto: "◐", light: "☀", dark: "☾" };

/** Draw the corner of the page: theme and help. */
export function drawCorner() {
  const theme = localStorage.getItem("mockbatch-theme") ?? "auto";
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  fill(
    byId("corner"),
    button(
      SIGNS[theme],
      () => {
        localStorage.setItem("mockbatch-theme", THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]);
        drawCorner();
      },
      { class: "button quiet", "aria-label": `Colours: ${theme}`, title: `Colours: ${theme}`, "data-focus": "theme" },
    ),
    button("?", help, { class: "button quiet", "aria-label": "Keyboard help", title: "Keyboard (?)" }),
  );
}
