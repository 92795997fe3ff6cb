// Changes by the API: the state that each was made for, plans, the journal, and what takes a change back.
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { Journal } from '../../src/api/changes/journal.js';
import { MemoryDirector } from '../../src/datapath/memory/memory-director.js';
import { WeirError } from '../../src/model/errors/weir-error.js';
import { field, listOf, parseJson } from '../../src/model/json.js';
import { serviceWord } from '../../src/model/service-word.js';
import { type Asked, changingSources, memoryStore, reader, testApi } from '../support/api.js';

const SERVICE = '/v1/services/tcp:192.0.2.1:80';
const one = { services: { 'tcp:192.0.2.1:80': { scheduler: 'wrr', servers: ['10.0.0.1:80', { address: '10.0.0.2:80', weight: 3 }] } } };
const two = { services: { ...one.services, 'mark:5': { servers: ['10.0.0.9:0'] } } };

function bed() {
  const [director, store] = [new MemoryDirector(), memoryStore()];
  const sources = changingSources(director, store);
  const api = testApi({ sources });
  const send = async (method: string, path: string, body?: unknown, headers: Asked['headers'] = {}) => {
    const answer = await api(path, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }), headers });
    return { ...answer, value: parseJson(answer.text), code: field(parseJson(answer.text), 'code') };
  };
  return { director, store, sources, api, send, etag: async () => (await api('/v1/services')).headers.get('etag') ?? '' };
}

const table = (director: MemoryDirector): readonly string[] =>
  director
    .services()
    .map(
      ({ spec, destinations }) => `${serviceWord(spec.key)} ${spec.scheduler} ${destinations.map((each) => each.spec.weight).toReversed()}`,
    );

test('a service that a daemon has of its file is there, and is not changed: the refusal names the daemon', async () => {
  const director = new MemoryDirector();
  const sources = changingSources(director);
  const state = () => {
    const { present, ...rest } = sources.state();
    const all = (text: string): ReadonlyMap<string, string> => new Map([...present.keys()].map((id) => [id, text]));
    return { ...rest, present, owners: all('keepalived (process 12)'), files: all('/etc/keepalived/own.conf') };
  };
  const send = testApi({ sources: { ...sources, state } });
  await testApi({ sources })('/v1/configuration', { method: 'PUT', body: JSON.stringify(one), headers: { 'if-match': '*' } });
  assert.equal((await send(SERVICE)).status, 200);
  const server = `${SERVICE}/servers/10.0.0.2:80`;
  for (const [method, path, body] of [
    ['PATCH', server, { weight: 0 }],
    ['PUT', server, { weight: 0 }],
    ['DELETE', server],
    ['PATCH', SERVICE, { scheduler: 'rr' }],
    ['DELETE', SERVICE],
  ] as const) {
    const { status, text } = await send(path, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      headers: { 'if-match': '*' },
    });
    assert.deepEqual([method, status, field(parseJson(text), 'code')], [method, 409, 'plan-conflict']);
    assert.match(text, /served by keepalived \(process 12\).*edit \/etc\/keepalived\/own\.conf, then weir reload; or drain its server, or/);
  }
  assert.equal((await send('/v1/services/mark:9', { method: 'DELETE', headers: { 'if-match': '*' } })).status, 404);
  assert.equal(table(director).length, 1);
});

test('a change names the state that it was made for: 428 without, 412 with the state and the difference for another one', async () => {
  const { director, send, etag } = bed();
  assert.deepEqual([(await send('PUT', '/v1/configuration', one)).status, table(director)], [428, []]);
  const before = await etag();
  const first = await send('PUT', '/v1/configuration', one, { 'if-match': before });
  assert.equal(first.status, 200);
  assert.equal(first.headers.get('etag'), await etag());
  assert.notEqual(await etag(), before);
  const stale = await send('PUT', '/v1/configuration', two, { 'if-match': before });
  assert.deepEqual([stale.status, stale.code, stale.headers.get('etag')], [412, 'api-stale', await etag()]);
  assert.match(String(field(stale.value, 'difference')), /-A -f 5/);
  assert.deepEqual(table(director), ['tcp:192.0.2.1:80 wrr 1,3']);
  assert.equal((await send('PUT', '/v1/configuration', two, { 'if-match': '*' })).status, 200);
  const base = (await etag()).replaceAll('"', '');
  assert.equal((await send('PUT', '/v1/configuration', one, { 'if-match': `${base.slice(0, -1)}` })).status, 412);
  assert.equal((await send('PUT', '/v1/configuration', one, { 'if-match': base })).status, 200);
});

test('of two writers that race on one ETag, one wins', async () => {
  const { director, send, etag } = bed();
  await send('PUT', '/v1/configuration', one, { 'if-match': '*' });
  const tag = { 'if-match': await etag() };
  const answers = await Promise.all([5, 6, 7, 8].map((weight) => send('PUT', `${SERVICE}/servers/10.0.0.1:80`, { weight }, tag)));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 412, 412, 412]);
  const winner = 5 + answers.findIndex(({ status }) => status === 200);
  assert.deepEqual(table(director), [`tcp:192.0.2.1:80 wrr ${winner},3`]);
});

test('single services and servers are added, made otherwise, and removed', async () => {
  const { director, send } = bed();
  const any = { 'if-match': '*' };
  assert.equal((await send('PUT', SERVICE, { scheduler: 'rr', servers: ['10.0.0.1:80'] }, any)).status, 200);
  assert.equal((await send('PUT', `${SERVICE}/servers/10.0.0.2:80`, { weight: 9 }, any)).status, 200);
  const minimal = await send('PUT', SERVICE, { scheduler: 'wlc', servers: ['10.0.0.2:80'] }, { ...any, prefer: 'return=minimal' });
  assert.deepEqual([minimal.status, minimal.text], [204, '']);
  assert.deepEqual(table(director), ['tcp:192.0.2.1:80 wlc 1']);
  assert.deepEqual((await send('DELETE', `${SERVICE}/servers/10.0.0.7:80`, undefined, any)).code, 'destination-missing');
  assert.equal((await send('DELETE', `${SERVICE}/servers/10.0.0.2:80`, undefined, any)).status, 200);
  assert.equal((await send('DELETE', SERVICE, undefined, any)).status, 200);
  assert.deepEqual([table(director), (await send('DELETE', SERVICE, undefined, any)).code], [[], 'service-missing']);
});

test('a plan changes nothing, is applied once, and only for its table', async () => {
  const { director, send } = bed();
  const made = await send('POST', '/v1/plans', { document: one });
  assert.equal(made.status, 201);
  const at = made.headers.get('location') ?? '';
  assert.deepEqual([table(director), field(made.value, 'state')], [[], 'ready']);
  const [first, second] = [await send('POST', `${at}/apply`), await send('POST', `${at}/apply`)];
  assert.deepEqual([first.status, second.text], [200, first.text]);
  assert.equal(field((await send('GET', at)).value, 'state'), 'applied');
  const other = await send('POST', '/v1/plans', { document: two });
  await send('DELETE', SERVICE, undefined, { 'if-match': '*' });
  const path = other.headers.get('location') ?? '';
  assert.equal(field((await send('GET', path)).value, 'state'), 'outdated');
  const late = await send('POST', `${path}/apply`);
  assert.deepEqual([late.status, late.code, table(director)], [412, 'plan-outdated', []]);
  assert.deepEqual((await send('POST', '/v1/plans/none/apply')).code, 'api-no-plan');
});

test('only what is allowed is planned, and a dry run changes nothing', async () => {
  const { director, send } = bed();
  await send('PUT', '/v1/configuration', two, { 'if-match': '*' });
  const made = await send('POST', '/v1/plans', { document: one, allow: ['add-service'] });
  assert.deepEqual(field(made.value, 'plan', 'changes'), []);
  const dry = await send('PUT', '/v1/configuration?dry_run=true', one);
  assert.equal((field(dry.value, 'plan', 'changes') as unknown[]).length, 1);
  assert.equal(table(director).length, 2);
});

test('what is wrong in a document is named by its place, in JSON and in YAML', async () => {
  const { api, send } = bed();
  const bad = { services: { 'tcp:192.0.2.1:80': { scheduler: 'wrrr', servers: [{ address: '10.0.0.1:80', wait: 1 }] } } };
  const answer = await send('PUT', '/v1/configuration', bad, { 'if-match': '*' });
  assert.deepEqual(
    [answer.status, (field(answer.value, 'errors') as { readonly pointer: string }[]).map(({ pointer }) => pointer)],
    [422, ['/services/tcp:192.0.2.1:80/scheduler', '/services/tcp:192.0.2.1:80/servers/0/wait']],
  );
  const yaml = { 'content-type': 'application/yaml', 'if-match': '*' };
  const text = await api('/v1/configuration', { method: 'PUT', body: 'services:\n  tcp:192.0.2.1:80: {scheduler: nope}\n', headers: yaml });
  assert.match(text.text, /line 2, column \d+/);
  const fine = await api('/v1/configuration', {
    method: 'PUT',
    body: 'services:\n  tcp:192.0.2.1:80: {servers: [10.0.0.1:80]}\n',
    headers: yaml,
  });
  assert.equal(fine.status, 200);
  assert.equal((await send('PUT', '/v1/configuration', { layer7: {} }, { 'if-match': '*' })).status, 422);
  const checks = { TCP_CHECK: {} };
  const checked = { services: { 'tcp:192.0.2.1:80': { checks, servers: ['10.0.0.1:80', { address: '10.0.0.2:80', checks }] } } };
  const refused = field((await send('POST', '/v1/plans', { document: checked })).value, 'errors') as Record<string, string>[];
  assert.deepEqual(
    refused.map(({ pointer }) => pointer),
    ['/services/tcp:192.0.2.1:80/checks', '/services/tcp:192.0.2.1:80/servers/1/checks'],
  );
  assert.match(refused[0]?.['message'] ?? '', /the weir.yaml of weir run/);
  const inYaml = await api('/v1/configuration', {
    method: 'PUT',
    body: 'services:\n  tcp:192.0.2.1:80:\n    checks: {TCP_CHECK: {}}\n    servers: [10.0.0.1:80]\n',
    headers: yaml,
  });
  assert.deepEqual([inYaml.status, /line 3, column 5: health checks/.test(inYaml.text)], [422, true]);
  assert.equal((await send('PUT', '/v1/configuration', {}, { 'if-match': '*' })).code, 'document-no-table');
});

test('a pointer is of the body that was sent, also where that is one service or one server', async () => {
  const { send } = bed();
  const any = { 'if-match': '*' };
  await send('PUT', '/v1/configuration', one, any);
  const cases = [
    ['PUT', '/v1/configuration', { services: { 'tcp:192.0.2.1:80': { scheduler: 7 } } }, '/services/tcp:192.0.2.1:80/scheduler'],
    ['PUT', SERVICE, { scheduler: 7 }, '/scheduler'],
    ['PATCH', SERVICE, { servers: [{ address: '10.0.0.1:80', weight: '6' }] }, '/servers/0/weight'],
    ['PUT', `${SERVICE}/servers/10.0.0.2:80`, { weight: '6' }, '/weight'],
    ['PATCH', `${SERVICE}/servers/10.0.0.2:80`, { weight: '6' }, '/weight'],
  ] as const;
  for (const [method, path, body, pointer] of cases) {
    const { status, value } = await send(method, path, body, any);
    const errors = field(value, 'errors') as readonly { readonly pointer: string }[];
    assert.deepEqual([method, path, status, errors.map((each) => each.pointer)], [method, path, 422, [pointer]]);
  }
});

test('each change is in the journal with its author, survives the process, and can be taken back', async () => {
  const { director, store, send } = bed();
  const any = { 'if-match': '*' };
  await send('PUT', '/v1/configuration', one, any);
  await send('PUT', `${SERVICE}/servers/10.0.0.2:80`, { weight: 0 }, any);
  await send('PUT', '/v1/services/mark:5', { servers: ['10.0.0.9:0'] }, any);
  const changes = field((await send('GET', '/v1/changes')).value, 'changes') as Record<string, unknown>[];
  assert.deepEqual(
    changes.map(({ author }) => author),
    Array(3).fill('uid 0 (pid 1)'),
  );
  assert.equal(changes[0]?.['before'], changes[1]?.['after']);
  // A killed process may leave half a line.
  const again = new Journal(memoryStore(`${store.text}{"id":"half`), () => {});
  assert.deepEqual(
    again.all().map(({ id }) => id),
    changes.map(({ id }) => id),
  );
  const plan = await send('POST', `/v1/changes/${changes[1]?.['id']}/revert`);
  assert.equal(plan.status, 201);
  await send('POST', `${plan.headers.get('location')}/apply`);
  assert.deepEqual([...table(director)].sort(), ['mark:5 wlc 1', 'tcp:192.0.2.1:80 wrr 1,3']);
});

test('entries go with their table: a journal that was removed with it has none, and begins again', async () => {
  const { store, sources, send } = bed();
  const any = { 'if-match': '*' };
  await send('PUT', '/v1/configuration', one, any);
  const [before] = sources.journal.all();
  assert.equal(sources.journal.all().length, 1);
  store.replace('');
  assert.deepEqual(field((await send('GET', '/v1/changes')).value, 'changes'), []);
  assert.equal((await send('POST', `/v1/changes/${before?.id}/revert`)).code, 'api-no-change');
  await send('PUT', '/v1/configuration', two, any);
  store.replace('');
  await send('PUT', '/v1/configuration', one, any);
  assert.equal(sources.journal.all().length, 1);
  assert.deepEqual(new Journal(memoryStore(store.text), () => {}).all(), sources.journal.all());
});

test('who may read may not change', async () => {
  const { api, director } = bed();
  const headers = { 'if-match': '*' };
  for (const [method, path, body] of [
    ['PUT', '/v1/configuration', one],
    ['POST', '/v1/plans', { document: one }],
    ['DELETE', SERVICE, undefined],
  ] as const) {
    const answer = await api(path, { method, headers, caller: reader, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    assert.deepEqual([method, answer.status], [method, 403]);
  }
  assert.deepEqual(table(director), []);
});

test('parts of the document, of a service and of a server are patched', async () => {
  const { director, send } = bed();
  const any = { 'if-match': '*', 'content-type': 'application/merge-patch+json' };
  await send('PUT', '/v1/configuration', { ...two, timeouts: { tcp: '5m' } }, { 'if-match': '*' });
  assert.equal((await send('PATCH', `${SERVICE}/servers/10.0.0.2:80`, { weight: 0, upper_threshold: 9 }, any)).status, 200);
  assert.equal((await send('PATCH', SERVICE, { scheduler: 'rr', persistence: '5m' }, any)).status, 200);
  assert.equal((await send('PATCH', '/v1/configuration', { services: { 'mark:5': null } }, any)).status, 200);
  assert.deepEqual(table(director), ['tcp:192.0.2.1:80 rr 1,0']);
  const { value } = await send('GET', '/v1/configuration');
  assert.deepEqual(field(value, 'services', 'tcp:192.0.2.1:80'), {
    scheduler: 'rr',
    persistence: '5m',
    servers: ['10.0.0.1:80', { address: '10.0.0.2:80', weight: 0, upper_threshold: 9 }],
  });
  assert.equal(field(value, 'timeouts', 'tcp'), '5m');
  assert.deepEqual((await send('PATCH', `${SERVICE}/servers/10.0.0.2:80`, { wait: 1 }, any)).code, 'api-values');
});

test('what is read back is what was written: it plans nothing; as other formats it is what weir export prints', async () => {
  const { api, send } = bed();
  await send('PUT', '/v1/configuration', two, { 'if-match': '*' });
  const { text } = await api('/v1/configuration');
  assert.deepEqual(field((await send('PUT', '/v1/configuration?dry_run=true', parseJson(text))).value, 'plan', 'changes'), []);
  assert.deepEqual(field((await send('POST', '/v1/drift', { document: parseJson(text) })).value, 'same'), true);
  assert.match((await api('/v1/configuration?format=ipvsadm')).text, /^-a -t 192\.0\.2\.1:80 -r 10\.0\.0\.2:80 -m -w 3/m);
  const { value } = await send('GET', '/v1/exports/keepalived');
  assert.deepEqual(Object.keys(value as object), ['format', 'text', 'losses']);
  assert.match(String(listOf(field(value, 'losses')).at(-1)), /^VIP 192\.0\.2\.1\/32 on lo is not in the text: add it to a vrrp_instance/);
  assert.match(String(field((await send('GET', '/v1/exports/weir')).value, 'text')), /^vips:\n {2}192\.0\.2\.1:\n {4}interface: lo\n/);
});

test('an entry is there before its change: a process killed in between leaves it, one that is refused does not', async () => {
  const [director, store] = [new MemoryDirector(), memoryStore()];
  const sources = changingSources(director, store);
  let applies: 'never' | 'refused' = 'refused';
  const asked = testApi({
    sources: {
      ...sources,
      apply: () =>
        applies === 'never'
          ? new Promise(() => {})
          : Promise.reject(new WeirError('lock-busy', { path: '/run/weir/lock', who: 'another process', holder: undefined, waitMs: 0 })),
    },
  });
  const put = () => asked('/v1/configuration', { method: 'PUT', body: JSON.stringify(one), headers: { 'if-match': '*' } });
  assert.equal((await put()).status, 503);
  assert.deepEqual(new Journal(memoryStore(store.text), () => {}).all(), []);
  applies = 'never';
  void put();
  while (sources.journal.all().length === 0) await new Promise(setImmediate);
  const [left] = new Journal(memoryStore(store.text), () => {}).all();
  assert.deepEqual([left?.author, left?.after, left?.commands.length], ['uid 0 (pid 1)', null, 3]);
});

test('a change that was made stands where the state after it cannot be read: the answer, the journal and the log have that', async () => {
  const [director, store, logged] = [new MemoryDirector(), memoryStore(), [] as string[]];
  const sources = changingSources(director, store, (_, text) => logged.push(text));
  let isGone = false;
  const asked = testApi({
    sources: {
      ...sources,
      apply: (...given) => sources.apply(...given).finally(() => (isGone = true)),
      state() {
        if (isGone) throw new WeirError('datapath-not-loaded');
        return sources.state();
      },
    },
  });
  const put = await asked('/v1/configuration', {
    method: 'PUT',
    body: JSON.stringify(one),
    headers: { 'if-match': '*', prefer: 'return=minimal' },
  });
  const value = parseJson(put.text);
  assert.deepEqual([put.status, field(value, 'etag'), put.headers.get('etag')], [200, null, null]);
  assert.match(String(field(value, 'warnings')), /was made, but the state after it could not be read/);
  assert.equal(table(director).length, 1);
  assert.match(logged.join(), /^change \d+ was made, but the state after it could not be read: /);
  const entries = (text: string) =>
    new Journal(memoryStore(text), () => {}).all().map(({ id, after, unread }) => [id, after, typeof unread]);
  assert.deepEqual(entries(store.text), [[field(value, 'change'), null, 'string']]);
  const [shown] = listOf(field(parseJson((await asked('/v1/changes')).text), 'changes'));
  assert.deepEqual([field(shown, 'after'), typeof field(shown, 'unread')], [null, 'string']);
});

test('a change is planned once before it is applied', async () => {
  const { send, etag, sources } = bed();
  const facts = mock.method(sources, 'facts');
  for (const weight of [5, 6]) {
    assert.equal((await send('PUT', '/v1/configuration', one, { 'if-match': await etag() })).status, 200);
    assert.equal((await send('PATCH', `${SERVICE}/servers/10.0.0.1:80`, { weight }, { 'if-match': '*' })).status, 200);
  }
  assert.equal(facts.mock.callCount(), 4);
});

test('the journal is bounded by its size, too: the oldest entries go, the last one stays', () => {
  const store = memoryStore();
  const journal = new Journal(store, () => {});
  const made = (id: string, characters: number): void => {
    journal.begin({ id, at: '', author: '', before: '', commands: ['x'.repeat(characters)], of: null, undo: null });
    journal.end(id, `"${id}"`);
  };
  const ids = (of: Journal): readonly string[] => of.all().map(({ id }) => id);
  for (let id = 0; id < 40; id += 1) {
    made(String(id), 1 << 20);
    assert.ok(store.text.length <= 16 * 2 ** 20, String(store.text.length));
  }
  const kept = ids(journal);
  assert.deepEqual([kept[0], kept.length >= 3, kept.length <= 16], ['39', true, true]);
  assert.deepEqual(ids(new Journal(memoryStore(store.text), () => {})), kept);
  made('huge', 20 * 2 ** 20);
  assert.deepEqual(ids(journal), ['huge']);
  made('next', 1);
  assert.deepEqual(ids(new Journal(memoryStore(store.text), () => {})), ['next', 'huge'].slice(0, ids(journal).length));
});

test('killed at any byte of its journal, what was answered before is there; the line that is left half is reported', () => {
  const [store, logged] = [memoryStore(), [] as string[]];
  const journal = new Journal(store, () => {});
  const lengths: number[] = [];
  for (const id of ['a', 'b', 'c', 'd']) {
    journal.begin({ id, at: '', author: 'ü', before: '', commands: ['-A'], of: null, undo: null });
    lengths.push(store.text.length);
    if (id === 'b') journal.end(id, undefined);
    else if (id === 'c') journal.made(id, new Error('no state'));
    else journal.end(id, `"${id}"`);
    lengths.push(store.text.length);
  }
  for (let length = 0; length <= store.text.length; length += 1) {
    const left = memoryStore(store.text.slice(0, length));
    logged.length = 0;
    const again = new Journal(left, (_, text) => logged.push(text));
    // A line's end may be missing of the last one.
    const written = lengths.filter((each) => each <= length + 1).length;
    const expected = ['a', 'b', 'c', 'd'].filter((id, index) => written > 2 * index && !(id === 'b' && written > 2 * index + 1));
    const known = again.all().map(({ id }) => id);
    const isWhole = length === 0 || lengths.includes(length + 1) || lengths.includes(length);
    assert.deepEqual([length, known.toReversed()], [length, expected]);
    assert.equal(logged.length, isWhole ? 0 : 1, `${length}: ${logged}`);
    again.begin({ id: 'e', at: '', author: '', before: '', commands: [], of: null, undo: null });
    assert.deepEqual(
      new Journal(memoryStore(left.text), () => {}).all().map(({ id }) => id),
      ['e', ...known],
    );
  }
});
