import { anthropic as provider } from "@ai-sdk/anthropic";
import {
  experimental_getBatchResults as getBatchResults,
  experimental_getBatchStatus as getBatchStatus,
  experimental_startBatch as startBatch,
} from "ai";

const requests = Array.from({ length: 40 }, (_, n) => ({
  id: `row-${n}`,
  type: "text",
  model: "claude-haiku-4-5",
  prompt: `Label row ${n}.`,
}));
let batch = await startBatch({ provider, requests });
while (!["completed", "failed", "cancelled", "expired"].includes(batch.status)) {
  batch = { ...batch, ...(await getBatchStatus({ provider, batch })) };
}
const statuses = [];
for await (const item of getBatchResults({ provider, batch })) statuses.push(item.status);
const came = statuses.filter((status) => status === "succeeded").length;
console.log(JSON.stringify({ came, errors: statuses.length - came }));
