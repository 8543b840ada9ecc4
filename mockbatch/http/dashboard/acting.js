// Actions on batches.

import { count } from "./format.js";
import { say } from "./parts.js";
import { ask, post, server } from "./server.js";
import * as address from "./address.js";

/** Act on batches. A delete can be undone for ten seconds. */
export async function perform(action, what) {
  const before = action === "delete" ? await post("snapshots") : null;
  const { done, refused } = await post("batches/actions", { action, ...what });
  if (refused.length) say(`Refused for ${refused.length}: ${refused[0].message}`, { kind: "bad" });
  if (!before) {
    if (done.length) say(`Done to ${batches(done.length)}: ${action}`);
    return;
  }
  const session = server.session;
  const forget = () => ask(`snapshots/${before.id}`, { method: "DELETE", of: session }).catch(() => {});
  if (!done.length) {
    await forget();
    return;
  }
  if (done.includes(address.get("batch"))) address.go({ batch: "", row: "" }, { replace: true });
  say(`Deleted ${batches(done.length)}`, {
    then: forget,
    undo: async () => {
      await post(`snapshots/${before.id}/put_back`, {}, { of: session });
      await forget();
    },
  });
}

const batches = (number) => (number === 1 ? "1 batch" : `${count(number)} batches`);
