// The beginnings of requests and replies, loaded when rows become visible, and cached.

import { calmly } from "./dom.js";
import { guarded } from "./parts.js";
import { post } from "./server.js";

const AT_ONCE = 100;

/** Fills the cells of rows of one batch. A missing reply is requested again when its row is done. */
export class Previews {
  constructor(batch, root) {
    this.batch = batch;
    this.root = root;
    this.known = new Map();
    this.closed = false;
    this.soon = calmly(120, () => guarded(() => this.fetch()));
  }

  /** Return the cached preview of a row, or nothing and request it. */
  of(row) {
    const known = this.known.get(row.index);
    if (!known || (known.state !== row.state && row.state === "succeeded")) this.soon();
    return known ?? { prompt: "", reply: "" };
  }

  async fetch() {
    const wanted = this.cells()
      .filter(
        (cell) =>
          !this.known.has(cell.index) ||
          (cell.state === "succeeded" && this.known.get(cell.index).state !== "succeeded"),
      )
      .slice(0, AT_ONCE);
    if (!wanted.length || this.closed) return;
    const states = new Map(wanted.map((cell) => [cell.index, cell.state]));
    const { previews } = await post(`batches/${this.batch}/previews`, { indexes: [...states.keys()] });
    for (const one of previews) this.known.set(one.index, { ...one, state: states.get(one.index) });
    for (const cell of this.cells()) this.write(cell);
    if (this.cells().length > wanted.length) this.soon();
  }

  cells() {
    return [...this.root.querySelectorAll("[data-row]")].map((element) => ({
      element,
      index: Number(element.dataset.row),
      state: element.dataset.state,
    }));
  }

  write({ element, index }) {
    const known = this.known.get(index);
    if (!known) return;
    const [prompt, reply] = [element.querySelector(".prompt"), element.querySelector(".answer[data-reply]")];
    if (prompt) prompt.textContent = known.prompt;
    if (reply) reply.textContent = known.reply;
  }

  close() {
    this.closed = true;
  }
}
