// Bodies that are not what they seem, and clients that take their time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BODY_MAX } from '../../src/api/http/app.js';
import { planRoutes } from '../../src/api/routes/plans.js';
import { field, parseJson } from '../../src/model/json.js';
import { changingSources, memorySources, testApi } from '../support/api.js';

const ask = testApi();
const post = (body: string, headers: Readonly<Record<string, string>> = {}) => ask('/v1/explain', { method: 'POST', body, headers });

test('hostile bodies are refused, each by its code', async () => {
  const cases = [
    ['{', 400, 'api-json'],
    ['', 400, 'api-json'],
    ['['.repeat(100_000), 400, 'api-json'],
    [`${'{"a":'.repeat(40)}1${'}'.repeat(40)}`, 400, 'api-json'],
    ['{"from":"192.0.2.7:1","to":"192.0.2.1:80","ttl":1e999}', 400, 'api-json'],
    ['{"from":"192.0.2.7:1","to":"192.0.2.1:80","mark":18446744073709551616}', 400, 'api-json'],
    ['{"from":"192.0.2.7:1","from":"192.0.2.8:1","to":"192.0.2.1:80"}', 400, 'api-json'],
    ['{"from":"192.0.2.7:1","to":"192.0.2.1:80","call":"a\\u0000"}', 400, 'api-json'],
    ['{"from":"192.0.2.7:1","to":"192.0.2.1:80","__proto__":{"ttl":1}}', 422, 'api-values'],
    ['{"from":"192.0.2.7:1","to":"192.0.2.1:80","ttl":"64"}', 422, 'api-values'],
    ['{"from":"192.0.2.7:1","to":"[2001:db8::1]:80"}', 422, 'api-values'],
    ['null', 422, 'api-values'],
    ['"x"', 422, 'api-values'],
    [`"${'x'.repeat(BODY_MAX)}"`, 413, 'api-too-large'],
  ] as const;
  for (const [body, status, code] of cases) {
    const answer = await post(body);
    assert.deepEqual([body.slice(0, 60), answer.status, field(parseJson(answer.text), 'code')], [body.slice(0, 60), status, code]);
  }
  const typed = await post('{}', { 'content-type': 'text/plain' });
  assert.deepEqual([typed.status, field(parseJson(typed.text), 'code')], [415, 'api-media-type']);
});

/** Nothing else is answered meanwhile. */
const TURN_MS = 5000;
const names = (count: number, value: unknown): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, value]));

test('a document of very many values takes no longer than its size, and its answer is no larger', async () => {
  const documents = [
    { timeouts: names(90_000, 1) },
    { services: names(60_000, {}) },
    { services: { 'udp:192.0.2.1:5': { servers: Array.from({ length: 60_000 }, () => '10.0.0.1:80') } } },
    { layer7: { pools: { a: { servers: Array.from({ length: 30_000 }, (_, index) => `10.1.${index >> 8}.${index & 255}:80`) } } } },
    { services: { ['x'.repeat(500_000)]: names(20_000, 1) } },
  ];
  for (const document of documents) {
    const body = JSON.stringify({ document });
    const begunMs = performance.now();
    const { status, text } = await ask('/v1/plans', { method: 'POST', body });
    const tookMs = performance.now() - begunMs;
    assert.deepEqual([status, field(parseJson(text), 'code')], [422, 'api-values']);
    assert.ok(tookMs < TURN_MS, `${body.slice(0, 60)}: ${tookMs} ms`);
    assert.ok(text.length < 3 * BODY_MAX, `${body.slice(0, 60)}: ${text.length} characters`);
  }
});

test('an answer has the first hundred of what is wrong, and how many more there are', async () => {
  const body = JSON.stringify({ document: { timeouts: names(250, 1) } });
  const errors = field(parseJson((await ask('/v1/plans', { method: 'POST', body })).text), 'errors') as readonly unknown[];
  assert.deepEqual(errors.slice(99), [
    { pointer: '/timeouts/k99', message: 'unknown key k99 — fix: one of tcp, tcp_fin, udp' },
    { pointer: '', message: '150 more values are wrong' },
  ]);
  const unknown = await post(JSON.stringify(names(90_000, 1)));
  assert.ok(unknown.status === 422 && unknown.text.length < 10_000, `${unknown.text.length} characters`);
});

test('a list of large plans is sent in pieces', async () => {
  const sources = changingSources();
  const servers = Array.from({ length: 2000 }, (_, index) => `10.1.${index >> 8}.${index & 255}:80`);
  const body = JSON.stringify({ document: { services: { 'udp:192.0.2.1:5': { servers } } } });
  for (let count = 0; count < 3; count++) assert.equal((await testApi({ sources })('/v1/plans', { method: 'POST', body })).status, 201);
  const list = planRoutes.find(({ method, at }) => method === 'GET' && at === '/v1/plans') ?? assert.fail();
  const answer = await list.answer({} as never, sources);
  assert.ok(answer.body.kind === 'stream');
  const pieces: string[] = [];
  for await (const piece of answer.body.pieces) pieces.push(piece);
  assert.ok(pieces.length > 5 && pieces.every((piece) => piece.length < 300_000), String(pieces.map(({ length }) => length)));
  assert.equal((field(parseJson(pieces.join('')), 'plans') as readonly unknown[]).length, 3);
});

test('a caller has a bounded number of streams, and one that left makes room', async () => {
  const bounded = testApi({ sources: memorySources, streamsMax: { each: 2, all: 3 } });
  const lines = { headers: { accept: 'application/x-ndjson' } };
  // Read to its end: it does not count any more.
  for (let count = 0; count < 5; count++) assert.equal((await bounded('/v1/connections', lines)).status, 200);
});
