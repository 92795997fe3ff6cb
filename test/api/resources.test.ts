// The resources that are read: what they answer, what they refuse, and that their description names each of them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestCounts } from '../../src/api/http/request-counts.js';
import { openApiOf } from '../../src/api/openapi.js';
import { routes } from '../../src/api/routes/routes.js';
import { serviceShape } from '../../src/api/values/service-value.js';
import { errorTable } from '../../src/model/errors/error-table.js';
import { WeirError } from '../../src/model/errors/weir-error.js';
import { field, listOf, parseJson } from '../../src/model/json.js';
import type { BfdSessionStatus } from '../../src/report/status/status.js';
import { emptyStatus, memorySources, oneService, reader, testApi } from '../support/api.js';
import { ip } from '../support/ip.js';
import { read } from '../support/project.js';

const ask = testApi();
const jsonOf = async (path: string): Promise<unknown> => parseJson((await ask(path)).text);
const codeOf = (text: string): unknown => field(parseJson(text), 'code');

test('a service has configuration, counters as texts of 64 bits, and servers', async () => {
  const { status, text, headers } = await ask('/v1/services');
  const value = parseJson(text);
  assert.equal(status, 200);
  assert.match(headers.get('etag') ?? '', /^"[0-9a-f]{16}"$/);
  const [service] = field(value, 'services') as unknown[];
  const found = serviceShape.parse(service);
  assert.equal(found.id, 'tcp:192.0.2.1:80');
  assert.equal(found.counters.connections, String(2n ** 63n));
  assert.deepEqual([found.servers[0]?.id, found.servers[0]?.weight, found.active, found.inactive], ['10.0.0.2:8080', 3, 1, 2]);
  assert.deepEqual(await jsonOf('/v1/services/tcp:192.0.2.1:80'), service);
  assert.deepEqual(await jsonOf('/v1/services/tcp%3A192.0.2.1%3A80/servers/10.0.0.2:8080'), found.servers[0]);
});

test('the list of services comes in pages', async () => {
  const services = [80, 81, 82].map((port) => ({
    ...oneService,
    spec: { ...oneService.spec, key: { kind: 'address' as const, protocol: 'tcp' as const, address: ip('192.0.2.1'), port } },
  }));
  const paged = testApi({ sources: { ...memorySources, table: () => ({ ...memorySources.table(), services }) } });
  const page = async (query: string): Promise<readonly unknown[]> => {
    const value = parseJson((await paged(`/v1/services?${query}`)).text);
    return [(field(value, 'services') as unknown[]).map((one) => field(one, 'port')), field(value, 'next')];
  };
  assert.deepEqual(await page('limit=2'), [[80, 81], 'tcp:192.0.2.1:81']);
  assert.deepEqual(await page('limit=2&after=tcp:192.0.2.1:81'), [[82], null]);
  assert.deepEqual(await page(''), [[80, 81, 82], null]);
  assert.equal((await paged('/v1/services?after=tcp:192.0.2.9:80')).status, 404);
});

test('what is not there, and what is no service, is a problem with the code of the error table', async () => {
  const missing = testApi({
    sources: {
      ...memorySources,
      service: () => {
        throw new WeirError('service-missing');
      },
    },
  });
  const { status, text, headers } = await missing('/v1/services/tcp:192.0.2.9:80');
  assert.deepEqual(
    [status, headers.get('content-type'), codeOf(text), field(parseJson(text), 'errno')],
    [404, 'application/problem+json', 'service-missing', 'ESRCH'],
  );
  const others = [
    ['/v1/services/tcp:192.0.2.1:80/servers/10.0.0.3:8080', 404, 'destination-missing'],
    ['/v1/services/nonsense', 422, 'api-values'],
    ['/v1/nothing', 404, 'api-no-resource'],
    ['/v1/schema/none.json', 404, 'api-no-resource'],
    ['/v1/problems/constructor', 404, 'api-no-resource'],
    ['/v1/connections?state=NONSENSE', 422, 'api-values'],
    ['/v1/connections?limit=1&limit=2', 422, 'api-values'],
    ['/v1/connections?typo=1', 422, 'api-values'],
    ['/v1/connections?limit=20000', 422, 'api-values'],
  ] as const;
  for (const [path, expected, code] of others) {
    const answer = await ask(path);
    assert.deepEqual([path, answer.status, codeOf(answer.text)], [path, expected, code]);
  }
});

test('a method that a resource does not have is refused, with those that it has', async () => {
  const { status, headers, text } = await ask('/v1/services', { method: 'DELETE' });
  assert.deepEqual([status, headers.get('allow'), codeOf(text)], [405, 'GET', 'api-method']);
});

test('connections come a page at a time, or line by line', async () => {
  const pages: unknown[] = [];
  let next: unknown = 0;
  while (next !== null) {
    const page = await jsonOf(`/v1/connections?limit=100&after=${next}`);
    pages.push(...(field(page, 'connections') as unknown[]));
    next = field(page, 'next');
  }
  const { text, headers } = await ask('/v1/connections', { headers: { accept: 'application/x-ndjson' } });
  assert.equal(headers.get('content-type'), 'application/x-ndjson');
  assert.deepEqual(text.trimEnd().split('\n').map(parseJson), pages);
  assert.equal(pages.length, 250);
  const few = await ask('/v1/connections?limit=3', { headers: { accept: 'application/x-ndjson' } });
  assert.equal(few.text.trimEnd().split('\n').length, 3);
});

test('while connections are looked for of which none passes, other requests are answered', async () => {
  let [looked, isOver] = [0, false];
  const connections = function* (): Generator<undefined> {
    for (; looked < 1000; looked += 1) yield undefined;
    isOver = true;
  };
  const api = testApi({ sources: { ...memorySources, connections } });
  const slow = api('/v1/connections?client=203.0.113.1');
  assert.equal((await api('/v1')).status, 200);
  assert.equal(isOver, false);
  assert.deepEqual(parseJson((await slow).text), { connections: [], next: null });
});

test('the socket for all users shows no clients', async () => {
  for (const path of ['/v1/connections', '/v1/doctor']) {
    const { status, text } = await ask(path, { caller: reader });
    assert.deepEqual([path, status, codeOf(text)], [path, 403, 'api-scope']);
  }
  assert.equal((await ask('/v1/services', { caller: reader })).status, 200);
});

test('readiness names what is missing', async () => {
  const one = { name: 'eth0', ifindex: 2, tc: true, xdp: false, ingressAlone: false };
  const answer = (datapath: Partial<typeof emptyStatus.datapath>) =>
    testApi({ sources: { ...memorySources, status: () => ({ ...emptyStatus, datapath: { ...emptyStatus.datapath, ...datapath } }) } })(
      '/readyz',
    );
  const found = await Promise.all([
    answer({ interfaces: [one] }),
    answer({ interfaces: [] }),
    answer({ state: 'absent' }),
    answer({ interfaces: [one, { ...one, name: 'eth1', tc: false }] }),
  ]);
  assert.deepEqual(
    found.map(({ status, text }) => [status, text]),
    [
      [200, 'ok\n'],
      [503, 'no interface is attached\n'],
      [503, 'the datapath is absent\n'],
      [503, 'eth1 is not attached\n'],
    ],
  );
});

test('nearly every code has a text of what it stands for', async () => {
  const valueOfCode = async (code: string) => parseJson((await ask(`/v1/problems/${code}`)).text);
  const conflict = await valueOfCode('plan-conflict');
  assert.deepEqual([field(conflict, 'status'), typeof field(conflict, 'title')], [409, 'string']);
  assert.equal(field(await valueOfCode('api-no-plan'), 'title'), 'there is no plan {id}, or it has expired');
  assert.equal(field(await valueOfCode('drain-leaves-no-server'), 'detail'), 'add a server first, or send "allow_empty": true');
  const without: string[] = [];
  for (const code of Object.keys(errorTable)) {
    const title = field(await valueOfCode(code), 'title');
    if (typeof title !== 'string') without.push(code);
    else assert.ok(title !== '' && !/undefined|\[object|NaN/.test(title), `${code}: ${title}`);
  }
  assert.ok(without.length < Object.keys(errorTable).length / 20, String(without));
});

test('a mistake of weir is an answer without its details, and is logged', async () => {
  const mistakes: unknown[] = [];
  const failing = testApi({ onMistake: (error) => void mistakes.push(error) });
  const { status, text } = await failing('/v1/explain', { method: 'POST', body: '{"from":"192.0.2.7:1","to":"192.0.2.1:80"}' });
  assert.deepEqual([status, codeOf(text), text.includes('no packet')], [500, 'internal', false]);
  assert.match(String(mistakes[0]), /no packet is explained here/);
});

test('the published description is that of the routes (node build/dev/openapi.js writes it)', () => {
  const document = openApiOf(routes);
  assert.deepEqual(JSON.parse(read('docs/openapi.json')), JSON.parse(JSON.stringify(document)));
  const described = Object.entries(field(document, 'paths') as Record<string, object>).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  assert.deepEqual(described.sort(), routes.map(({ method, at }) => `${method} ${at}`).sort());
});

test('every resource is in the manual', () => {
  const page = read('docs/api.md');
  assert.deepEqual(
    routes.filter(({ at }) => !page.includes(`\`${at}\``)).map(({ at }) => at),
    [],
  );
});

test("another program's configuration becomes a document, with what is not carried", async () => {
  const send = (body: unknown) => ask('/v1/imports', { method: 'POST', body: JSON.stringify(body) });
  const text = 'listen web\n  mode tcp\n  bind 192.0.2.1:80\n  server a 10.0.0.2:80 check\n  option tcplog\n';
  const value = parseJson((await send({ format: 'haproxy', text })).text);
  assert.deepEqual(Object.keys(field(value, 'document', 'services') as object), ['tcp:192.0.2.1:80']);
  assert.ok((field(value, 'lines') as unknown[]).length > 0);
  assert.match(String(field(value, 'weir')), /^services:\n {2}tcp:192\.0\.2\.1:80:\n.* {6}TCP_CHECK:\n/s);
  const commands = await send({ format: 'ipvsadm', text: '# saved\n--set 1200 60 200\n-A -t 192.0.2.1:80 -s rr\n-A -t web.example:80\n' });
  const table = parseJson(commands.text);
  assert.deepEqual(field(table, 'document', 'timeouts'), { tcp: '20m', tcp_fin: '1m', udp: '200s' });
  assert.deepEqual(Object.keys(field(table, 'document', 'services') as object), ['tcp:192.0.2.1:80']);
  assert.equal(field(table, 'totals'), '2 exact, 1 refused', 'names are not looked up');
  const sent = text.replace('check', 'send-proxy-v2');
  const fullnat = parseJson((await send({ format: 'haproxy', text: sent, method: 'fullnat', local_addresses: ['10.9.0.1'] })).text);
  assert.deepEqual(
    ['method', 'local_addresses', 'client_address'].map((name) => field(fullnat, 'document', 'services', 'tcp:192.0.2.1:80', name)),
    ['fullnat', ['10.9.0.1'], 'proxy'],
  );
  for (const body of [{ method: 'fullnat' }, { local_addresses: ['10.9.0.1'] }, { method: 'fullnat', local_addresses: ['127.0.0.1'] }])
    assert.match((await send({ format: 'haproxy', text, ...body })).text, /"pointer":"\/local_addresses"/);
  const foreign = await send({ format: 'ldirectord', text });
  assert.deepEqual([foreign.status, codeOf(foreign.text)], [422, 'api-values']);
  assert.match(foreign.text, /text:1: this is not of the format ldirectord: listen web/);
  const empty = await send({ format: 'haproxy', text: 'listen web\n  mode http\n' });
  assert.equal(empty.status, 422);
  assert.match(empty.text, /no service comes of it by the format haproxy.*no service is made of web: it chooses by requests/);
  const including = await send({ format: 'nginx-stream', text: 'stream { include /etc/shadow; }' });
  assert.deepEqual([including.status, codeOf(including.text)], [422, 'api-values']);
  assert.deepEqual(field(await jsonOf('/v1/neighbours'), 'neighbours'), [
    { interface: '2', address: '10.0.0.2', mac: '02:00:00:00:00:02', state: 'reachable' },
  ]);
  const included = await send({ format: 'nginx-stream', text: 'stream { include web/*.conf; }' });
  assert.match(included.text, /include web\/\*\.conf: files of this host are not read for a request; send what they have in its place/);
});

test('sessions of BFD and the VIPs that weir has added are read', async () => {
  const session: BfdSessionStatus = {
    ...{ name: 'peer', neighbour: '192.0.2.2', source: null, multihop: false, state: 'Down', remoteState: 'Init', since: null },
    ...{ diagnostic: 'No Diagnostic', remoteDiagnostic: 'No Diagnostic', discriminator: 7, remoteDiscriminator: 0, open: true },
    ...{ transmitMs: 1500, detectionMs: 0, received: 0, sent: 3, wentUp: 0, wentDown: 0 },
  };
  const daemon = {
    pid: 1,
    program: 'weir',
    file: '',
    since: null,
    instances: null,
    health: null,
    bfd: [session],
    otherBuild: false,
  } as const;
  const withBfd = testApi({ sources: { ...memorySources, daemons: () => [daemon] } });
  const [shown] = listOf(field(parseJson((await withBfd('/v1/bfd-sessions')).text), 'sessions'));
  assert.deepEqual(
    ['name', 'remote_state', 'transmit', 'detection', 'daemon'].map((name) => field(shown, name)),
    ['peer', 'Init', 1.5, 0, { pid: 1, program: 'weir' }],
  );
  assert.deepEqual(field(await jsonOf('/v1/vips'), 'vips'), [
    { address: '192.0.2.1', prefix_length: 32, interface: 'lo', label: 'lo:1', present: true },
    { address: '2001:db8::1', prefix_length: 128, interface: 'eth0', label: null, present: false },
  ]);
});

test('requests are counted by route and status, and what stays open has no duration', async () => {
  const requests = new RequestCounts();
  const counted = testApi({ sources: { ...memorySources, requests } });
  for (const path of ['/v1/services', '/v1/services', '/v1/services?typo=1', '/v1/drains/none', '/v1/nothing']) await counted(path);
  const { requests: seen, durations } = requests.snapshot();
  assert.deepEqual(
    seen.map(({ method, route, status, count }) => [method, route, status, count]),
    [
      ['GET', '/v1/services', 200, 2],
      ['GET', '/v1/services', 422, 1],
      ['GET', '/v1/drains/{id}', 404, 1],
    ],
  );
  const made = ({ counts }: (typeof durations)[number]): number => counts.reduce((sum, each) => sum + each, 0);
  assert.deepEqual(
    durations.map((one) => [one.route, made(one)]),
    [
      ['/v1/services', 3],
      ['/v1/drains/{id}', 0],
    ],
  );
});
