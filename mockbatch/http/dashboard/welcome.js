// The start page before any request: how to send the first one, and its arrival.

import { fill, h } from "./dom.js";
import { code, copyButton } from "./parts.js";
import { ask, ORIGIN, server } from "./server.js";
import { composer } from "./compose.js";

const HOSTED = ORIGIN;
const SETTINGS = `export ANTHROPIC_BASE_URL=${HOSTED}\nexport ANTHROPIC_API_KEY=sk-ant-anything\n\n`;
const PYTHON = "import anthropic; print(anthropic.Anthropic().messages.batches.list().data)";
const TYPESCRIPT =
  'new (require("@anthropic-ai/sdk").default)().messages.batches.list().then(page => console.log(page.data))';
const LINES = {
  Python: `${SETTINGS}python -c '${PYTHON}'`,
  TypeScript: `${SETTINGS}node -e '${TYPESCRIPT}'`,
  curl: `curl ${HOSTED}/v1/messages/batches -H 'x-api-key: sk-ant-anything' -H 'anthropic-version: 2023-06-01'`,
};

export function welcome(root, arrived) {
  const light = h("p", { class: "waiting-light", role: "status" });
  let timer = null;
  let green = false;
  const element = h(
    "div",
    { class: "welcome" },
    h("h2", {}, "No requests yet"),
    h("p", { class: "dim" }, "Point any SDK here. Any key works; each key has its own session."),
    light,
    h(
      "div",
      { class: "ways" },
      Object.entries(LINES).map(([name, text]) =>
        h(
          "section",
          {},
          h(
            "div",
            { class: "line" },
            h("h3", {}, name),
            h("span", { class: "spring" }),
            copyButton(text, "Copy", { "aria-label": `Copy the lines for ${name}` }),
          ),
          code(text, `Lines for ${name}`),
        ),
      ),
    ),
    h("h3", {}, "Or try a batch from here"),
    composer(),
  );

  async function look() {
    if (green || !element.isConnected) return;
    const { sessions } = await ask("sessions", { of: null }).catch(() => ({ sessions: [] }));
    for (const session of sessions) {
      const calls = await ask("requests", { query: { limit: 1, bodies: "false" }, of: session.id }).catch(() => ({
        total: 0,
      }));
      if (calls.total) {
        green = true;
        const [first] = calls.requests;
        light.classList.add("green");
        fill(light, `The first request is here: ${first.method} ${first.path} → ${first.status}`);
        server.session ??= session.id;
        clearInterval(timer);
        setTimeout(arrived, 1500);
        return;
      }
    }
  }

  fill(light, `Waiting for the first request at ${ORIGIN} …`);
  fill(root, element);
  timer = setInterval(look, 700);
  return { refresh: look, close: () => clearInterval(timer) };
}
