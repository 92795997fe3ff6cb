// Overrides by the API: what packets find of a server, for the state in If-Match, above whatever configures it, and until its time is over.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { step } from '../../src/control/drain/step.js';
import { MemoryDirector } from '../../src/datapath/memory/memory-director.js';
import { type Drain, holdsOf, NO_DRAINS } from '../../src/model/drain/drain.js';
import { effectiveWeight, storedWeight } from '../../src/model/drain/effective-weight.js';
import type { Override } from '../../src/model/drain/override.js';
import { field, listOf, parseJson } from '../../src/model/json.js';
import { type Asked, changingSources, memoryStore, oneDrain, reader, testApi } from '../support/api.js';
import { ip } from '../support/ip.js';

const ANY = { 'if-match': '*' };
const table = { services: { 'tcp:192.0.2.1:80': { servers: ['10.0.0.1:80', { address: '10.0.0.2:80', weight: 3 }] } } };
const AT = '/v1/overrides/10.0.0.2';

async function bed() {
  const [director, store] = [new MemoryDirector(), memoryStore()];
  const api = testApi({ sources: changingSources(director, store) });
  const send = async (method: string, path: string, body?: unknown, headers: Asked['headers'] = ANY) => {
    const answer = await api(path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    return { ...answer, value: parseJson(answer.text), code: field(parseJson(answer.text), 'code') };
  };
  assert.equal((await send('PUT', '/v1/configuration', table)).status, 200);
  const weights = () => director.services().flatMap(({ destinations }) => destinations.map(effectiveWeight).toReversed());
  return { api, director, send, weights };
}

test('an override is in force for packets, above what is configured meanwhile, and gives that back', async () => {
  const { send, weights } = await bed();
  const put = await send('PUT', AT, { state: 'ready', weight: 9, reason: 'tests' });
  assert.deepEqual([put.status, field(put.value, 'owner'), weights()], [200, 'uid 0 (pid 1)', [1, 9]]);
  assert.equal((await send('PATCH', '/v1/services/tcp:192.0.2.1:80/servers/10.0.0.2:80', { weight: 5 })).status, 200);
  assert.deepEqual(weights(), [1, 9]);
  assert.equal((await send('PUT', AT, { state: 'maintenance', reason: 'disks', for: 60 })).status, 200);
  assert.deepEqual(weights(), [1, 0]);
  const { overrides } = (await send('GET', '/v1/overrides')).value as { readonly overrides: readonly unknown[] };
  assert.deepEqual([overrides.length, field(overrides[0], 'state'), typeof field(overrides[0], 'until')], [1, 'maintenance', 'string']);
  assert.equal((await send('DELETE', AT)).status, 204);
  assert.deepEqual(weights(), [1, 5]);
  assert.deepEqual([(await send('GET', AT)).status, (await send('DELETE', AT)).code], [404, 'api-no-resource']);
  assert.match((await send('GET', AT)).text, /"detail":"GET \/v1\/overrides lists them"/);
  const commands = listOf(field((await send('GET', '/v1/changes')).value, 'changes')).flatMap((one) => listOf(field(one, 'commands')));
  assert.match(
    commands.join('\n'),
    /^weir api DELETE \/v1\/overrides\/10\.0\.0\.2 --if-match '\*'\nweir api PUT .*"maintenance","for":60,"reason":"disks"/,
  );
});

test('of two that have seen the same overrides, one changes them; without If-Match none does, and reading is not enough', async () => {
  const { api, send } = await bed();
  const body = { state: 'drain', reason: 'a' };
  assert.equal((await send('PUT', AT, body, {})).status, 428);
  const etag = (await send('GET', '/v1/overrides')).headers.get('etag') ?? '';
  const first = await send('PUT', AT, body, { 'if-match': etag });
  const second = await send('PUT', AT, { ...body, reason: 'b' }, { 'if-match': etag });
  assert.deepEqual([first.status, second.status, second.headers.get('etag')], [200, 412, first.headers.get('etag')]);
  assert.equal((await send('GET', AT)).headers.get('etag'), first.headers.get('etag'));
  const now = { 'if-match': first.headers.get('etag') ?? '' };
  const both = await Promise.all(['c', "it's d"].map((reason) => send('PUT', AT, { ...body, reason }, now)));
  assert.deepEqual(both.map(({ status }) => status).toSorted(), [200, 412]);
  assert.equal((await api(AT, { method: 'DELETE', headers: ANY, caller: reader })).status, 403);
});

test('what is wrong is named, and no service is left without a server but where that is wanted', async () => {
  const { send, weights } = await bed();
  for (const [path, body, status, code] of [
    [AT, { state: 'ready', reason: 'x' }, 422, 'api-values'],
    [AT, { state: 'drain', weight: 1, reason: 'x' }, 422, 'api-values'],
    [AT, { state: 'drain', reason: '' }, 422, 'api-values'],
    [AT, { state: 'drain', reason: 'two\nlines' }, 422, 'api-values'],
    ['/v1/overrides/director', { state: 'drain', reason: 'x' }, 422, 'drain-target'],
    ['/v1/overrides/tcp:192.0.2.1:80', { state: 'drain', reason: 'x' }, 422, 'drain-target'],
    ['/v1/overrides/nonsense', { state: 'drain', reason: 'x' }, 422, 'drain-target'],
    ['/v1/overrides/10.0.0.7', { state: 'drain', reason: 'x' }, 404, 'drain-target-missing'],
  ] as const) {
    const answer = await send('PUT', path, body);
    assert.deepEqual([path, answer.status, answer.code], [path, status, code]);
  }
  const one = '/v1/overrides/tcp:192.0.2.1:80%2F10.0.0.1:80';
  assert.equal((await send('PUT', one, { state: 'drain', reason: 'x' })).status, 200);
  for (const state of [{ state: 'maintenance' }, { state: 'ready', weight: 0 }])
    assert.equal((await send('PUT', AT, { ...state, reason: 'x' })).code, 'drain-leaves-no-server');
  assert.equal((await send('PUT', AT, { state: 'maintenance', reason: 'x', allow_empty: true })).status, 200);
  assert.deepEqual(weights(), [0, 0]);
  assert.equal((await send('POST', '/v1/drains', { target: '10.0.0.2' })).status, 202);
});

const override = (asked: Partial<Override>): Override => ({
  target: '10.0.0.2',
  ...{ state: 'ready', weight: 9, reason: '', owner: '', since: '', untilUs: null },
  ...asked,
});
const service = { kind: 'address', protocol: 'tcp', address: ip('192.0.2.1'), port: 80 } as const;
const server = { address: ip('10.0.0.2'), port: 80 };

test('a server that is down stays so, and of a drain and an override the least weight is in force', () => {
  const weightOf = (configured: number, overrides: readonly Override[], drains: readonly Drain[] = []): number =>
    storedWeight(configured, 0, holdsOf({ ...NO_DRAINS, drains, overrides })(service, server)).weight;
  assert.deepEqual([weightOf(0, [override({})]), weightOf(3, [override({})]), weightOf(3, [override({ weight: 0 })])], [0, 9, 0]);
  assert.equal(weightOf(3, [override({})], [oneDrain]), 0);
  const coming = { ...oneDrain, slowStart: { fromUs: 0, untilUs: 1, share: 0.5 } };
  assert.equal(weightOf(3, [override({ weight: 10 })], [coming]), 5);
  assert.equal(weightOf(3, [override({}), override({ target: '10.0.0.2:80', weight: 4 })]), 4);
});

test('an override ends at its time, not before, and drains that have ended are counted by what became of them', () => {
  const set = step(NO_DRAINS, { kind: 'override', override: override({ untilUs: 5000 }) }, 0);
  assert.equal(set.wakeAtUs, 5000);
  const look = { kind: 'look', remaining: new Map() } as const;
  assert.equal(step(set.state, look, 4999).state.overrides?.length, 1);
  const over = step(set.state, look, 5000);
  assert.equal(over.state.overrides, undefined);
  assert.deepEqual(
    over.effects.map((one) => one.kind === 'event' && one.event.event),
    ['override-over'],
  );
  const cancelled = step({ ...NO_DRAINS, drains: [oneDrain] }, { kind: 'cancel', id: 'd1' }, 1);
  assert.deepEqual(cancelled.state.ended, { empty: 0, deadline: 0, cancelled: 1 });
  assert.deepEqual(step(cancelled.state, { kind: 'cancel', id: 'd1' }, 2).state.ended, cancelled.state.ended);
});
