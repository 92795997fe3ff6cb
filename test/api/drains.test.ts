// Drains by the API: what one would do, who may begin one, that it is written into the journal, and how its end is waited for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Caller } from '../../src/api/access/caller.js';
import type { ApiSources } from '../../src/api/sources.js';
import { MemoryDirector } from '../../src/datapath/memory/memory-director.js';
import { field, parseJson } from '../../src/model/json.js';
import { type Asked, changingSources, memorySources, memoryStore, oneDrain, reader, testApi } from '../support/api.js';

const drainer: Caller = { name: 'token deploy', stream: 'token deploy', scope: 'drain', confidential: false };
const INSTANCE = {
  state: 'MASTER' as const,
  ...{ since: null, interface: 'eth0', virtualRouterId: 51, priority: 100 },
  ...{ faults: [], waitsForConnections: null, released: false },
} as const;
const table = { services: { 'tcp:192.0.2.1:80': { servers: ['10.0.0.1:80', { address: '10.0.0.2:80', weight: 3 }] } } };

async function bed() {
  const director = new MemoryDirector();
  const api = testApi({ sources: changingSources(director, memoryStore()) });
  const send = async (method: string, path: string, body?: unknown, asked: Asked = {}) => {
    const answer = await api(path, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }), ...asked });
    return { ...answer, value: parseJson(answer.text), code: field(parseJson(answer.text), 'code') };
  };
  await send('PUT', '/v1/configuration', table, { headers: { 'if-match': '*' } });
  return { director, send };
}

test('a drain shows its plan first, is begun by who has the scope, is in the journal, and is cancelled', async () => {
  const { send, director } = await bed();
  const dry = await send('POST', '/v1/drains?dry_run=true', { target: '10.0.0.2' }, { caller: drainer });
  const plan = {
    target: '10.0.0.2',
    also: [],
    services: [{ service: 'tcp:192.0.2.1:80', drained: ['10.0.0.2:80'], left: ['10.0.0.1:80'], capacity: 0.25 }],
  };
  assert.deepEqual([dry.status, dry.value, director.drainRecord().drains], [200, { plan, drain: null, change: null }, []]);
  assert.equal((await send('POST', '/v1/drains', { target: '10.0.0.2' }, { caller: reader })).status, 403);
  const begun = await send('POST', '/v1/drains', { target: '10.0.0.2', deadline: 60 }, { caller: drainer });
  assert.deepEqual([begun.status, begun.headers.get('location'), field(begun.value, 'plan')], [202, '/v1/drains/d1', plan]);
  assert.equal(director.services()[0]?.destinations.filter(({ held }) => held !== undefined).length, 1);
  const listed = field((await send('GET', '/v1/drains')).value, 'drains') as unknown[];
  assert.deepEqual(
    listed.map((one) => [field(one, 'id'), field(one, 'state'), field(one, 'deadlineInS')]),
    [['d1', 'draining', 60]],
  );
  const changes = field((await send('GET', '/v1/changes')).value, 'changes') as Record<string, unknown>[];
  assert.deepEqual([changes[0]?.['author'], changes[0]?.['before']], ['token deploy', changes[0]?.['after']]);
  assert.match(String(changes[0]?.['commands']), /^weir drain 10\.0\.0\.2 --deadline 60s --persistence release/);
  assert.deepEqual((await send('POST', `/v1/changes/${changes[0]?.['id']}/revert`)).code, 'api-no-revert');
  const cancelled = await send('DELETE', '/v1/drains/d1', undefined, { caller: drainer });
  assert.deepEqual([cancelled.status, field(cancelled.value, 'state')], [200, 'cancelled']);
});

test('the deadline of a drain is moved while it goes on', async () => {
  const { send } = await bed();
  await send('POST', '/v1/drains', { target: '10.0.0.2', deadline: 60 });
  const moved = await send('PATCH', '/v1/drains/d1', { deadline: 900 }, { caller: drainer });
  assert.deepEqual([moved.status, field(moved.value, 'deadlineInS')], [200, 900]);
  assert.equal((await send('PATCH', '/v1/drains/d1', { deadline: 900 }, { caller: reader })).status, 403);
  await send('DELETE', '/v1/drains/d1');
  assert.equal((await send('PATCH', '/v1/drains/d1', { deadline: 5 })).code, 'drain-ended');
  assert.equal((await send('PATCH', '/v1/drains/d9', { deadline: 5 })).code, 'drain-missing');
});

test('what cannot be drained is refused, each by its code', async () => {
  const { send } = await bed();
  const cases = [
    [{ target: 'nonsense' }, 422, 'drain-target'],
    [{ target: '10.0.0.9' }, 404, 'drain-target-missing'],
    [{ target: '10.0.0.2', min_capacity: 0.5 }, 409, 'drain-leaves-too-little'],
    [{ target: '10.0.0.2', honour: 5 }, 422, 'api-values'],
    [{ target: 'director' }, 409, 'drain-no-instances'],
    [{ target: '10.0.0.2', deadline: -1 }, 422, 'api-values'],
  ] as const;
  for (const [body, status, code] of cases) {
    for (const path of ['/v1/drains', '/v1/drains?dry_run=true']) {
      const answer = await send('POST', path, body);
      assert.deepEqual([body, answer.status, answer.code], [body, status, code]);
    }
  }
  await send('POST', '/v1/drains', { target: '10.0.0.2' });
  assert.equal((await send('POST', '/v1/drains', { target: '10.0.0.2' })).code, 'drain-runs');
  assert.equal((await send('POST', '/v1/drains', { target: '10.0.0.1' })).code, 'drain-leaves-no-server');
  for (const method of ['GET', 'DELETE']) assert.equal((await send(method, '/v1/drains/d9')).code, 'drain-missing');
});

test('who waits is answered when the drain has ended', async () => {
  let ended = false;
  const drains = () => [ended ? { ...oneDrain, state: 'empty' as const, endedUs: 5 } : oneDrain];
  const sources = { ...memorySources, drainRecord: () => ({ format: 1 as const, next: 2, drains: drains() }) };
  const ask = testApi({ sources });
  const waiting = ask('/v1/drains/d1?wait=50s');
  ended = true;
  sources.events.push('drain', {});
  assert.equal(field(parseJson((await waiting).text), 'state'), 'empty');
  assert.equal((await ask('/v1/drains/d1?wait=51')).status, 422);
});

test('an instance is released and taken back by who may drain; one that is not here is no resource; both are in the journal', async () => {
  const released: unknown[] = [];
  const instance = { ...INSTANCE, name: 'VI_1' };
  const sources: ApiSources = {
    ...changingSources(),
    daemons: () => [
      {
        pid: 1,
        program: 'weir',
        file: '/etc/weir/weir.yaml',
        since: null,
        instances: [instance, { ...INSTANCE, name: '$(reboot);/x' }],
        health: null,
        bfd: null,
        otherBuild: false,
      },
    ],
    releaseInstance: async (...asked) => void released.push(asked),
  };
  const api = testApi({ sources });
  const send = async (method: string, name: string, caller = drainer) =>
    (await api(`/v1/instances/${name}/release`, { method, caller })).status;
  assert.deepEqual(await Promise.all([send('POST', 'VI_1'), send('POST', 'VI_9'), send('POST', 'VI_1', reader)]), [204, 404, 403]);
  assert.equal(await send('DELETE', 'VI_1'), 204);
  assert.deepEqual(released, [
    ['VI_1', true],
    ['VI_1', false],
  ]);
  const changes = field(parseJson((await api('/v1/changes')).text), 'changes') as unknown[];
  assert.deepEqual(
    changes.map((one) => field(one, 'commands')),
    [['weir api DELETE /v1/instances/VI_1/release'], ['weir api POST /v1/instances/VI_1/release']],
  );
  assert.equal(await send('POST', encodeURIComponent('$(reboot);/x')), 204);
  assert.deepEqual(sources.journal.all()[0]?.commands, ["weir api POST '/v1/instances/%24(reboot)%3B%2Fx/release'"]);
});

test('metrics are what weir metrics prints; a parameter that is repeated is a list', async () => {
  const ask = testApi();
  const accept = 'application/openmetrics-text; version=1.0.0';
  const answer = await ask('/metrics?family=node&family=weir&max_series=5', { caller: reader, headers: { accept } });
  assert.deepEqual([answer.status, answer.text], [200, `# family=node%2Cweir&max_series=5 ${accept}\n`]);
  assert.equal(answer.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  assert.equal((await ask('/metrics?typo=1')).status, 422);
});
