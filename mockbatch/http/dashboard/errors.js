// The errors of a batch by type and message, most frequent first; each links to its rows.

import { fill, h } from "./dom.js";
import { count } from "./format.js";
import { ask } from "./server.js";
import * as address from "./address.js";

const SHOWN = 5;

/** Shows the errors of one batch, and reloads them only when their number changes. */
export class Errors {
  constructor(batch) {
    this.batch = batch;
    this.told = 0;
    this.errors = [];
    this.element = h("section", { class: "errors", "aria-label": "Errors by kind", hidden: true });
  }

  async refresh(errored) {
    if (errored !== this.told) {
      this.told = errored;
      this.errors = errored ? (await ask(`batches/${this.batch}/errors`)).errors : [];
    }
    this.draw();
  }

  draw() {
    this.element.hidden = !this.errors.length;
    const [first, rest] = [this.errors.slice(0, SHOWN), this.errors.slice(SHOWN)];
    fill(
      this.element,
      h("ul", { role: "list" }, first.map(line)),
      rest.length
        ? h(
            "details",
            {},
            h("summary", {}, `${count(rest.length)} more kinds of errors`),
            h("ul", { role: "list" }, rest.map(line)),
          )
        : null,
    );
  }
}

/** Search phrases are in double quotes, and cannot contain any. */
export const searchOf = ({ type, message }) => `status:errored error:"${`${type} ${message}`.split('"')[0].trim()}"`;

function line(error) {
  const search = searchOf(error);
  const on = address.get("rq") === search;
  return h(
    "li",
    {},
    h(
      "a",
      {
        class: on ? "error-line on" : "error-line",
        href: address.link({ rq: on ? "" : search }),
        "aria-current": on ? "true" : null,
        "data-focus": search,
        title: error.message,
      },
      h("b", {}, `${count(error.count)} ×`),
      " ",
      h("span", { class: "mono" }, error.type),
      " ",
      h("span", { class: "dim" }, error.message),
    ),
  );
}
