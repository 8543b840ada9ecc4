// DOM elements, built without HTML strings: external content is always text.

const SVG = "http://www.w3.org/2000/svg";

/** Create an element; `on*` are listeners, `style` is an object, null and false attributes are left out. */
export function h(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") Object.entries(value).forEach(([key, one]) => element.style.setProperty(key, one));
    else if (name === "value" || name === "checked" || name === "disabled" || name === "indeterminate")
      element[name] = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Replace the children of an element, keeping the focus. */
export function fill(parent, ...children) {
  const held = focusIn(parent);
  parent.replaceChildren(
    ...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false),
  );
  if (held) parent.querySelector(`[data-focus="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
}

/** @returns {any} */
export const byId = (id) => document.getElementById(id);

/**
 * The name of the focused element within another, to give the focus back after a redraw.
 * @param {Element} parent
 */
export function focusIn(parent) {
  const active = document.activeElement;
  return active instanceof HTMLElement && parent.contains(active) ? active.dataset.focus : undefined;
}

/** The longest pause between two runs, in milliseconds. */
const LONGEST_REST = 2_000;

/**
 * Throttle a function: it runs at most once per interval, never concurrently, and once more for calls made meanwhile.
 * A slow function runs less often, so that an open page does not keep the server busy.
 */
export function calmly(milliseconds, run) {
  let wanted = false;
  let resting = false;

  async function go() {
    wanted = false;
    const began = performance.now();
    try {
      await run();
    } finally {
      setTimeout(rested, Math.max(milliseconds, Math.min(LONGEST_REST, 8 * (performance.now() - began))));
    }
  }

  function rested() {
    resting = false;
    if (wanted) start();
  }

  function start() {
    resting = true;
    setTimeout(go, Math.min(milliseconds, 50));
  }

  return () => {
    wanted = true;
    if (!resting) start();
  };
}
