// A row of buttons with a single tab stop; arrow keys move within it.

const MOVES = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity };

export function asToolbar(element, label) {
  element.setAttribute("role", "toolbar");
  element.setAttribute("aria-label", label);
  element.addEventListener("keydown", (event) => {
    const by = MOVES[event.key];
    if (by === undefined) return;
    const buttons = usable(element);
    const at = Math.min(buttons.length - 1, Math.max(0, buttons.indexOf(document.activeElement) + by));
    event.preventDefault();
    buttons[at]?.focus();
  });
  element.addEventListener("focusin", () => rove(element));
  rove(element);
}

/** Make only one button reachable by tab: the focused one, else the first enabled one. */
export function rove(element) {
  const buttons = usable(element);
  const stop = buttons.includes(document.activeElement) ? document.activeElement : buttons[0];
  for (const one of element.querySelectorAll("button")) one.tabIndex = one === stop ? 0 : -1;
}

const usable = (element) =>
  [...element.querySelectorAll("button:not(:disabled)")].filter((one) => one.offsetParent !== null);
