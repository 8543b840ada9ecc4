// npm install && mockbatch run --strict -- npm test
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { run } from './nightly.js';

const server = process.env.MOCKBATCH_URL;
const ids = ['light', 'sound', 'water'];

async function control(path: string, content: unknown, key?: string): Promise<any> {
  const headers = { 'content-type': 'application/json', ...(key ? { 'x-api-key': key } : {}) };
  const answer = await fetch(`${server}/_mockbatch/${path}`, { method: 'POST', headers, body: JSON.stringify(content) });
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.json();
}

// a session of its own for each test: an API key with options, a clock and rules
beforeEach(async (context) => {
  const options = { progression: 'polls:3' };
  const session = await control('sessions', { label: (context as { name?: string }).name ?? '', options });
  process.env.ANTHROPIC_API_KEY = session.api_key;
});

test('every question is answered', async () => {
  const report = await run(ids, 1);
  assert.deepEqual([...report.answers.keys()].sort(), ids);
});

test('an overloaded poll is tried again by the SDK', async () => {
  const rule = { on: 'retrieve', times: 1, http: { status: 529 } };
  await control('rules', rule, process.env.ANTHROPIC_API_KEY);
  const report = await run(ids, 1);
  assert.equal(report.answers.size, 3);
  const { count } = await control('requests/count', { op: 'retrieve', status: 529 }, process.env.ANTHROPIC_API_KEY);
  assert.equal(count, 1);
});

test('a day passes at once', async () => {
  const key = (await control('sessions', { label: 'a day', options: { delay: '20h', wait: '0s', frozen: true } })).api_key;
  process.env.ANTHROPIC_API_KEY = key;
  const running = run(ids, 1);
  let batches: { id: string }[] = [];
  while (batches.length === 0) {
    batches = (await (await fetch(`${server}/_mockbatch/batches`, { headers: { 'x-api-key': key } })).json()).batches;
  }
  await control('clock/advance', { until: 'batch.ended', batch: batches[0].id }, key);
  assert.equal((await running).answers.size, 3);
});
