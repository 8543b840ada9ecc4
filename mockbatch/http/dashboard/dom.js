// Elements, made without a word of HTML: whatever comes from outside is text.

const SVG = "http://www.w3.org/2000/svg";

/** An element; `on*` are listeners, `style` an object, null and false attributes are left out. */
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
    else if (name === "value" || name === "checked" || name === "disabled" || name === "indeterminate") element[name] = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Put children in the place of those that there are, and the focus back to where it was. */
export function fill(parent, ...children) {
  const held = parent.contains(document.activeElement) ? document.activeElement.dataset.focus : undefined;
  parent.replaceChildren(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  if (held) parent.querySelector(`[data-focus="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
}

export const byId = (id) => document.getElementById(id);

/** Nobody looks at what is older than this, in milliseconds. */
const LONGEST_REST = 2_000;

/**
 * A function that runs at most once in so many milliseconds, never twice at a time, and once more for what came
 * meanwhile. What takes long runs more rarely: a page that is looked at must not keep a server busy.
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
