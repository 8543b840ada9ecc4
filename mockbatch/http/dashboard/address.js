// The state of the page is its address: every view and every search can be sent to somebody else.

const heard = new Set();

export function get(name) {
  return new URLSearchParams(location.search).get(name) ?? "";
}

/** The address with these changes; an empty value takes a name away. */
export function link(changes) {
  const now = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === "") now.delete(name);
    else now.set(name, value);
  }
  return `?${now}`;
}

/** Go there; as a step that the back button undoes, or in place. */
export function go(changes, { replace = false } = {}) {
  const target = link(changes);
  if (target === (location.search || "?")) return;
  history[replace ? "replaceState" : "pushState"](null, "", target);
  heard.forEach((run) => run());
}

export function onChange(run) {
  heard.add(run);
}

addEventListener("popstate", () => heard.forEach((run) => run()));

/** Links within the page do not load it again. */
document.addEventListener("click", (event) => {
  const anchor = event.target.closest?.("a[href^='?']");
  if (!anchor || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  const target = anchor.getAttribute("href");
  if (target === (location.search || "?")) return;
  history.pushState(null, "", target);
  heard.forEach((run) => run());
});
