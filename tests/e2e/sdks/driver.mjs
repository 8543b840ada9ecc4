// What a program sees that uses the SDK of this environment, as one JSON document.
import Anthropic from '@anthropic-ai/sdk';

const URL = process.env.ANTHROPIC_BASE_URL;
const PARAMS = { model: 'claude-haiku-4-5', max_tokens: 1000, messages: [{ role: 'user', content: 'hi' }] };

const client = (name) => new Anthropic({ apiKey: `sk-ant-${name}`, baseURL: URL, maxRetries: 0, logLevel: 'off' });
const batchOf = (...names) => names.map((custom_id) => ({ custom_id, params: PARAMS }));
const collect = async (iterable) => {
  const all = [];
  for await (const one of iterable) all.push(one);
  return all;
};
const aDayPasses = (name) =>
  fetch(`${URL}/_mockbatch/clock/advance`, {
    method: 'POST',
    body: '{"by": "25h"}',
    headers: { 'x-api-key': `sk-ant-${name}` },
  }).then((answer) => answer.text());
const errorOf = async (work) => {
  try {
    await work();
  } catch (error) {
    return [error.constructor.name, error.status ?? null];
  }
  return ['none'];
};

async function life(name, batches) {
  const seen = {};
  let batch = await batches.create({ requests: batchOf('a', 'b') });
  seen.created = [batch.processing_status, batch.request_counts.processing, batch.results_url];
  seen['early results'] = (await errorOf(() => batches.results(batch.id)))[0];
  seen['early delete'] = await errorOf(() => batches.delete(batch.id));
  const { data, response } = await batches.retrieve(batch.id).withResponse();
  const headers = response.headers;
  seen.raw = [headers.get('retry-after'), headers.get('request-id').slice(0, 4), data.id === batch.id];
  seen.streaming = (await (await batches.retrieve(batch.id).asResponse()).json()).id === batch.id;
  const other = await batches.create({ requests: batchOf('c') });
  seen.canceling = (await batches.cancel(other.id)).processing_status;
  await aDayPasses(name);
  batch = await batches.retrieve(batch.id);
  seen.ended = [batch.processing_status, batch.request_counts.processing];
  const rows = await collect(await batches.results(batch.id));
  seen.rows = rows
    .map((row) => [row.custom_id, row.result.type, row.result.message.usage.service_tier])
    .sort((a, b) => (a[0] < b[0] ? -1 : 1));
  seen.canceled = (await collect(await batches.results(other.id))).map((row) => row.result.type);
  const listed = await collect(batches.list());
  seen.listed = JSON.stringify(listed.map((found) => found.id)) === JSON.stringify([other.id, batch.id]);
  seen.deleted = (await batches.delete(batch.id)).type;
  seen.gone = await errorOf(() => batches.retrieve(batch.id));
  return seen;
}

async function paging() {
  const batches = client('paging').messages.batches;
  const made = [];
  for (let number = 0; number < 150; number++) {
    made.push((await batches.create({ requests: batchOf(`n${number}`) })).id);
  }
  const newestFirst = JSON.stringify(made.reverse());
  const seen = {};
  for (const limit of [20, 100, 1000]) {
    seen[limit] = JSON.stringify((await collect(batches.list({ limit }))).map((found) => found.id)) === newestFirst;
  }
  return seen;
}

async function errors() {
  const sdk = client('errors');
  return {
    empty: await errorOf(() => sdk.messages.batches.create({ requests: [] })),
    unknown: await errorOf(() => sdk.messages.batches.retrieve('msgbatch_none')),
    key: await errorOf(() => client('admin01-x').messages.batches.list()),
    model: await errorOf(() => sdk.messages.create({ ...PARAMS, model: 'claude-none' })),
  };
}

async function messages() {
  const sdk = client('messages');
  const whole = await sdk.messages.create(PARAMS);
  let text = '';
  const stream = sdk.messages.stream(PARAMS).on('text', (piece) => (text += piece));
  const final = await stream.finalMessage();
  const events = await collect(await sdk.messages.create({ ...PARAMS, stream: true }));
  const { model, messages } = PARAMS;
  const count = await sdk.beta.messages.countTokens({ model, messages });
  return {
    same: whole.content[0].text === text && text === final.content[0].text,
    stop: [whole.stop_reason, final.stop_reason],
    usage: whole.usage.output_tokens === final.usage.output_tokens,
    events: events.map((event) => event.type).filter((kind) => kind !== 'content_block_delta'),
    counted: count.input_tokens === whole.usage.input_tokens,
  };
}

async function models() {
  const sdk = client('models');
  const all = await collect(sdk.models.list({ limit: 5 }));
  return [(await sdk.models.retrieve('claude-haiku-4-5')).id, all.length > 10];
}

console.log(
  JSON.stringify({
    life: await life('life', client('life').messages.batches),
    beta: await life('beta', client('beta').beta.messages.batches),
    paging: await paging(),
    errors: await errors(),
    messages: await messages(),
    models: await models(),
  }),
);
