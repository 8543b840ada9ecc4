// A row of buttons that is one stop of the tab key; the arrows move within it.

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

/** Let only one of the buttons be reached by tab: that which has the focus, else the first that can be pressed. */
export function rove(element) {
  const buttons = usable(element);
  const stop = buttons.includes(document.activeElement) ? document.activeElement : buttons[0];
  for (const one of element.querySelectorAll("button")) one.tabIndex = one === stop ? 0 : -1;
}

const usable = (element) => [...element.querySelectorAll("button:not(:disabled)")].filter((one) => one.offsetParent !== null);
