// Questions in, answers out: the same care as in Python, in the language of the official TypeScript SDK.
import Anthropic from '@anthropic-ai/sdk';

export interface Report {
  answers: Map<string, string>;
  failed: Map<string, string>;
}

const TRANSIENT = new Set(['api_error', 'overloaded_error', 'timeout_error', 'rate_limit_error']);

export async function run(ids: string[], pauseMs: number, attempts = 3): Promise<Report> {
  const client = new Anthropic(); // ANTHROPIC_BASE_URL and ANTHROPIC_API_KEY say where and who
  const report: Report = { answers: new Map(), failed: new Map() };
  let open = ids;
  for (let attempt = 0; attempt < attempts && open.length > 0; attempt++) {
    open = await once(client, open, pauseMs, report);
  }
  for (const id of open) report.failed.set(id, 'gave up');
  return report;
}

async function once(client: Anthropic, ids: string[], pauseMs: number, report: Report): Promise<string[]> {
  const batch = await client.messages.batches.create({
    requests: ids.map((id) => ({
      custom_id: id,
      params: {
        model: 'claude-haiku-4-5',
        max_tokens: 1024,
        messages: [{ role: 'user' as const, content: `What is ${id}?` }],
      },
    })),
  });
  while ((await client.messages.batches.retrieve(batch.id)).processing_status !== 'ended') {
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  const again: string[] = [];
  for await (const row of await client.messages.batches.results(batch.id)) {
    if (row.result.type === 'succeeded') {
      const [block] = row.result.message.content;
      report.answers.set(row.custom_id, block?.type === 'text' ? block.text : '');
    } else if (row.result.type === 'errored' && !TRANSIENT.has(row.result.error.error.type)) {
      report.failed.set(row.custom_id, row.result.error.error.type);
    } else {
      again.push(row.custom_id);
    }
  }
  return again;
}
