// Bodies that are not what they seem, and clients that take their time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BODY_MAX } from '../../src/api/http/app.js';
import { field, parseJson } from '../../src/model/json.js';
import { memorySources, testApi } from '../support/api.js';

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

test('a caller has a bounded number of streams, and one that left makes room', async () => {
  const bounded = testApi({ sources: memorySources, streamsMax: { each: 2, all: 3 } });
  const lines = { headers: { accept: 'application/x-ndjson' } };
  // Read to its end: it does not count any more.
  for (let count = 0; count < 5; count++) assert.equal((await bounded('/v1/connections', lines)).status, 200);
});
