// Changes by the API beside those of ipvsadm: what others make meanwhile stays.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApiSources } from '../../src/api/sources.js';
import { MemoryDirector } from '../../src/datapath/memory/memory-director.js';
import { WeirError } from '../../src/model/errors/weir-error.js';
import { field, listOf, parseJson } from '../../src/model/json.js';
import { serviceWord } from '../../src/model/service-word.js';
import { changingSources, testApi } from '../support/api.js';

const SERVICE = '/v1/services/tcp:192.0.2.1:80';
const one = { services: { 'tcp:192.0.2.1:80': { servers: ['10.0.0.1:80', { address: '10.0.0.2:80', weight: 3 }] } } };
const ANY = { 'if-match': '*' };

async function bed() {
  const director = new MemoryDirector();
  const sources = changingSources(director);
  await testApi({ sources })('/v1/configuration', { method: 'PUT', body: JSON.stringify(one), headers: ANY });
  const words = (): readonly string[] => director.services().map(({ spec }) => serviceWord(spec.key));
  /** What another process loads. */
  const load = (mark: number): void => {
    const [service] = director.services();
    if (service !== undefined) director.addService({ ...service.spec, key: { kind: 'fwmark', family: 'inet', mark } });
  };
  const send = async (of: Partial<ApiSources>, method: string, path: string, body?: unknown) => {
    const answer = await testApi({ sources: { ...sources, ...of } })(path, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      headers: ANY,
    });
    return { status: answer.status, value: parseJson(answer.text) };
  };
  return { director, sources, words, load, send };
}

const kinds = (value: unknown): readonly unknown[] => listOf(field(value, 'plan', 'changes')).map((change) => field(change, 'kind'));

test('an edit is planned for the state that it was made of: what a restore has loaded meanwhile is not taken away', async () => {
  const server = `${SERVICE}/servers/10.0.0.2:80`;
  for (const [method, path, body, expected] of [
    ['PATCH', server, { weight: 9 }, 'edit-destination'],
    ['PUT', server, { weight: 9 }, 'edit-destination'],
    ['DELETE', server, undefined, 'delete-destination'],
    ['PATCH', SERVICE, { scheduler: 'rr' }, 'edit-service'],
    ['PUT', SERVICE, { scheduler: 'rr', servers: ['10.0.0.1:80', { address: '10.0.0.2:80', weight: 3 }] }, 'edit-service'],
    ['DELETE', SERVICE, undefined, 'delete-service'],
    ['PATCH', '/v1/configuration', { timeouts: { udp: 77 } }, 'set-timeouts'],
  ] as const) {
    const { sources, words, load, send } = await bed();
    const before = sources.state();
    load(5);
    let reads = 0;
    const { status, value } = await send({ state: () => (reads++ === 0 ? before : sources.state()) }, method, path, body);
    assert.deepEqual([method, path, status, kinds(value)], [method, path, 200, [expected]]);
    assert.ok(words().includes('mark:5'), `${method} ${path}`);
  }
});

test('a revert is planned for the state that it was made of', async () => {
  const { sources, load, send } = await bed();
  await send({}, 'PATCH', `${SERVICE}/servers/10.0.0.2:80`, { weight: 9 });
  const before = sources.state();
  load(5);
  let reads = 0;
  const [entry] = sources.journal.all();
  const { status, value } = await send(
    { state: () => (reads++ === 0 ? before : sources.state()) },
    'POST',
    `/v1/changes/${entry?.id}/revert`,
  );
  assert.deepEqual([status, kinds(value)], [201, ['edit-destination']]);
});

test('with If-Match: * a change that another one comes before is planned again', async () => {
  const { sources, words, load, send } = await bed();
  let applies = 0;
  const apply: ApiSources['apply'] = (...words) => {
    applies += 1;
    if (applies > 2) return sources.apply(...words);
    load(applies);
    throw new WeirError('plan-outdated', { planned: 'a', present: 'b' });
  };
  const { status, value } = await send({ apply }, 'PATCH', `${SERVICE}/servers/10.0.0.2:80`, { weight: 9 });
  assert.deepEqual([status, kinds(value), applies], [200, ['edit-destination'], 3]);
  assert.deepEqual([...words()].sort(), ['mark:1', 'mark:2', 'tcp:192.0.2.1:80']);
  assert.equal(sources.journal.all().length, 2, 'the attempts are no entries');
});
