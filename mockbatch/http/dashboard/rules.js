// The rules of the session, as the server has them.

import { say } from "./parts.js";
import { ask } from "./server.js";

export const armed = async () => (await ask("rules")).rules;

export async function disarmAll() {
  await ask("rules", { method: "DELETE" });
  say("All rules of this session are gone");
}
