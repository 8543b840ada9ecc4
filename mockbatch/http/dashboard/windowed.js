// Virtual lists of any length: only visible rows are loaded and drawn.

import { focusIn, h } from "./dom.js";

const PAGE = 100,
  AROUND = 8;

/**
 * A list of rows of equal height. `load(start, limit)` returns `{items, total}`, or `{items, next}` if the length is
 * unknown: `next` is then the start of the next page, or null. `draw(item, index)` creates the content of a row.
 */
export class Windowed {
  /**
   * @param {{
   *   label: string, rowHeight: number, load: Function, draw: Function, empty: Function,
   *   onCount?: (total: number | null, next: number | null | undefined) => void
   * }} options
   */
  constructor({ label, rowHeight, load, draw, empty, onCount = () => {} }) {
    this.rowHeight = rowHeight;
    this.load = load;
    this.draw = draw;
    this.empty = empty;
    this.onCount = onCount;
    this.page = PAGE;
    this.list = h("ul", { class: "rows", role: "list" });
    this.blank = h("p", { class: "blank", hidden: true });
    this.element = h(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": label, onscroll: () => this.paint() },
      this.list,
      this.blank,
    );
    this.watcher = new ResizeObserver(() => this.paint());
    this.watcher.observe(this.element);
    this.forget();
  }

  forget() {
    this.items = new Map();
    this.asked = new Set();
    this.shown = new Map();
    this.total = null;
    this.next = 0;
    this.round = (this.round ?? 0) + 1;
    this.list.replaceChildren();
  }

  /** Restart for another search. */
  async restart() {
    this.forget();
    this.element.scrollTop = 0;
    await this.refresh();
  }

  /** Reload the visible rows; the old ones stay until the response arrives. */
  async refresh() {
    if (this.refreshing === this.round) return;
    const round = ++this.round;
    this.refreshing = round;
    const [first, last] = this.visible();
    const start = this.total === null || this.next === undefined ? Math.max(0, first) : 0;
    const limit = Math.min(1000, Math.max(this.page, last - start + 1));
    let answer;
    try {
      answer = await this.load(this.next === undefined ? start : 0, limit);
    } finally {
      if (this.refreshing === round) this.refreshing = null;
    }
    if (round !== this.round) return;
    this.asked.clear();
    this.items.clear();
    this.take(this.next === undefined ? start : 0, answer);
    this.paint();
  }

  take(start, { items, total, next }) {
    items.forEach((item, at) => this.items.set(start + at, item));
    if (total !== undefined) {
      this.total = total;
      this.next = undefined;
    } else {
      this.next = next;
      this.total = start + items.length + (next === null ? 0 : 1);
    }
    this.onCount(this.total, this.next);
  }

  visible() {
    const first = Math.max(0, Math.floor(this.element.scrollTop / this.rowHeight) - AROUND);
    return [first, first + Math.ceil((this.element.clientHeight || 800) / this.rowHeight) + 2 * AROUND];
  }

  paint() {
    if (this.total === null) return;
    this.list.style.setProperty("height", `${this.total * this.rowHeight}px`);
    this.blank.hidden = this.total > 0;
    if (this.total === 0) this.blank.replaceChildren(...[this.empty()].flat());
    const [first, last] = this.visible();
    const wanted = Math.min(last, this.total - 1);
    for (const [index, { node }] of this.shown) {
      if (index < first || index > wanted) {
        node.remove();
        this.shown.delete(index);
      }
    }
    for (let index = first; index <= wanted; index++) this.place(index);
    this.fetch(first, wanted);
  }

  place(index) {
    const item = this.items.get(index);
    const known = this.shown.get(index);
    const key = item === undefined ? "" : JSON.stringify(item);
    if (known && (known.key === key || item === undefined)) return;
    const node = h("li", {
      "aria-setsize": this.next === undefined ? this.total : -1,
      "aria-posinset": index + 1,
      class: item === undefined ? "row waiting" : "row",
      style: { top: `${index * this.rowHeight}px`, height: `${this.rowHeight}px` },
    });
    if (item !== undefined) node.append(...[this.draw(item, index)].flat().filter(Boolean));
    const held = known && focusIn(known.node);
    if (known) known.node.replaceWith(node);
    else this.insert(node, index);
    if (held) node.querySelector(`[data-focus="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
    this.shown.set(index, { node, key });
  }

  insert(node, index) {
    let after = null;
    for (const [other, { node: there }] of this.shown)
      if (other > index && (after === null || other < after.index)) after = { index: other, there };
    this.list.insertBefore(node, after?.there ?? null);
  }

  /** Redraw the visible rows after a change other than to the items. */
  redraw() {
    for (const known of this.shown.values()) known.key = null;
    this.paint();
  }

  async fetch(first, last) {
    for (let index = first; index <= last; index++) {
      if (this.items.has(index)) continue;
      const start = this.next === undefined ? Math.floor(index / this.page) * this.page : index;
      if (this.asked.has(start) || this.next === null) continue;
      this.asked.add(start);
      const round = this.round;
      const answer = await this.load(this.next === undefined ? start : this.next, this.page);
      if (round !== this.round) return;
      this.take(start, answer);
      this.paint();
      return;
    }
  }

  /** Scroll a row into view. */
  reveal(index) {
    const top = index * this.rowHeight;
    if (top < this.element.scrollTop) this.element.scrollTop = top;
    const below = top + this.rowHeight - this.element.clientHeight;
    if (below > this.element.scrollTop) this.element.scrollTop = below;
  }

  indexOf(wanted) {
    for (const [index, item] of this.items) if (wanted(item)) return index;
    return -1;
  }

  close() {
    this.watcher.disconnect();
    this.round++;
  }
}
