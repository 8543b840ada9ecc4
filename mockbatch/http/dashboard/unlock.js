// Asks for a key if the server requires one, until it is accepted.

import { byId, fill, h } from "./dom.js";
import { unlock } from "./server.js";

/** Ask for a key; `message` is the server's error. `entered` runs once a key was entered. */
export function askForKey(message, entered) {
  const dialog = byId("unlock");
  const input = h("input", {
    type: "password",
    id: "control-key",
    autocomplete: "off",
    required: true,
    spellcheck: "false",
    "aria-describedby": "unlock-reason",
  });
  const submit = (event) => {
    event.preventDefault();
    unlock(input.value.trim());
    dialog.close();
    entered();
  };
  fill(
    dialog,
    h(
      "form",
      { onsubmit: submit },
      h("h2", { id: "unlock-title" }, "This server requires a key"),
      h("p", { id: "unlock-reason", role: "status" }, message),
      h("label", { for: "control-key" }, "Control key"),
      h("div", { class: "line" }, input, h("button", { type: "submit", class: "button" }, "Unlock")),
      h("p", { class: "dim" }, "It is kept until you close this tab."),
    ),
  );
  dialog.oncancel = (event) => event.preventDefault();
  if (!dialog.open) dialog.showModal();
  input.focus();
}
