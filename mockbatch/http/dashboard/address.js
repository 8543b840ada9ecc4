// The state of the page is its URL, so that every view and every search can be shared.

const heard = new Set();

export function get(name) {
  return new URLSearchParams(location.search).get(name) ?? "";
}

/** Return the URL with these changes; an empty value removes a parameter. */
export function link(changes) {
  const now = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === "") now.delete(name);
    else now.set(name, value);
  }
  return `?${now}`;
}

/** Navigate there, adding a history entry or replacing the current one. */
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

/** Links within the page do not reload it. */
document.addEventListener("click", (event) => {
  const anchor = event.target instanceof Element ? event.target.closest("a[href^='?']") : null;
  if (!anchor || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  const target = anchor.getAttribute("href");
  if (target === (location.search || "?")) return;
  history.pushState(null, "", target);
  heard.forEach((run) => run());
});
