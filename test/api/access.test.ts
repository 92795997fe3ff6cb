// Who may do what over TCP: each route with each scope, with no token, a wrong one, an expired one, a revoked one; names of this host and pages.
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Refusals } from '../../src/api/access/refusals.js';
import { TcpAccess, type TlsPeer } from '../../src/api/access/tcp-access.js';
import { makeApp } from '../../src/api/http/app.js';
import { filesState } from '../../src/api/http/tls-server.js';
import { routes } from '../../src/api/routes/routes.js';
import { addToken, revokeToken, TokenFile } from '../../src/host/api-tokens.js';
import { API_SCOPES, type ApiScope } from '../../src/model/api-settings.js';
import { field, parseJson } from '../../src/model/json.js';
import { parseSubnet } from '../../src/model/subnet-text.js';
import { memorySources } from '../support/api.js';
import { ip } from '../support/ip.js';

const folder = mkdtempSync(join(tmpdir(), 'weir-tokens-'));
after(() => rmSync(folder, { recursive: true }));
const tokens = join(folder, 'tokens');
const NOW = Date.UTC(2026, 10, 27);
const [LATER, BEFORE] = [new Date(NOW + 1000).toISOString(), new Date(NOW - 1000).toISOString()];

const made = (name: string, scope: ApiScope, expires: string | null, confidential = false): string =>
  addToken(tokens, { name, scope, confidential, made: BEFORE, expires });
const valid = Object.fromEntries(API_SCOPES.map((scope) => [scope, made(scope, scope, LATER)])) as Record<ApiScope, string>;

const peer: TlsPeer = { remote: ip('192.0.2.7'), local: ip('192.0.2.1'), localPort: 8443, certificate: 'none' };

interface Wish {
  readonly method?: string;
  readonly token?: string;
  readonly peer?: Partial<TlsPeer>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Another one each time: no address has been refused. */
function bed() {
  const state = { now: NOW };
  const refusals = new Refusals(() => {});
  const openTo = [parseSubnet('198.51.100.0/24') ?? assert.fail()];
  const settings = { clients: [{ name: 'ops', scope: 'write' as const }], tokens, names: ['director.example.org'], openTo };
  const access = new TcpAccess(settings, refusals, () => state.now);
  const app = makeApp({
    routes,
    sources: memorySources,
    callerOf: (request, env) => access.callerOf(request, env as TlsPeer),
    onMistake: () => {},
  });
  const ask = async (path: string, { method = 'GET', token, peer: more = {}, headers = {} }: Wish = {}) => {
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const init = { method, headers: { host: '192.0.2.1:8443', ...authorization, ...headers } };
    const answer = await app.request(path, init, { ...peer, ...more });
    await answer.body?.cancel();
    return { status: answer.status, headers: answer.headers };
  };
  const codeOf = async (path: string, { token = '', ...more }: Wish = {}) => {
    const init = { headers: { host: '192.0.2.1:8443', ...(token === '' ? {} : { authorization: `Bearer ${token}` }), ...more.headers } };
    return field(parseJson(await (await app.request(path, init, { ...peer, ...more.peer })).text()), 'code');
  };
  return { state, refusals, ask, codeOf };
}

test('the matrix: each route is open to the scopes that include its own, and to nothing else', async () => {
  const bad = { none: undefined, wrong: `weir.write.${'A'.repeat(43)}`, expired: made('old', 'write', BEFORE), nonsense: 'x' };
  for (const { method, at, scope, confidential } of routes) {
    const path = at.replaceAll(/\{\w+\}/g, 'x');
    const { ask } = bed();
    for (const [kind, token] of Object.entries(bad)) {
      const { status, headers } = await ask(path, { method, ...(token === undefined ? {} : { token }) });
      assert.deepEqual([method, at, kind, status], [method, at, kind, 401]);
      assert.equal(headers.get('www-authenticate'), 'Bearer realm="weir"');
    }
    for (const given of API_SCOPES) {
      const { status } = await ask(path, { method, token: valid[given] });
      const may = API_SCOPES.indexOf(given) >= API_SCOPES.indexOf(scope) && (confidential !== true || given === 'write');
      assert.deepEqual([method, at, given, status === 403], [method, at, given, !may]);
      assert.notEqual(status, 401);
    }
  }
});

test('what no route has is refused to strangers in the same way', async () => {
  const { ask } = bed();
  assert.equal((await ask('/v1/nothing')).status, 401);
  assert.equal((await ask('/v1/services', { method: 'OPTIONS', headers: { origin: 'https://evil.example' } })).status, 403);
  assert.equal((await ask('/v1/services', { method: 'PUT', token: valid.read })).status, 405);
});

test('names that are not this host, and pages of others, are refused: rebinding, cross-site requests', async () => {
  const cases = [
    [{ host: '192.0.2.1:8443' }, 200],
    [{ host: 'director.example.org:8443' }, 200],
    [{ host: 'DIRECTOR.example.org:8443' }, 200],
    [{ host: 'director.example.org' }, 421],
    [{ host: 'evil.example:8443' }, 421],
    [{ host: '192.0.2.1' }, 421],
    [{ host: '192.0.2.2:8443' }, 421],
    [{ host: '' }, 421],
    [{ origin: 'https://192.0.2.1:8443' }, 200],
    [{ origin: 'http://192.0.2.1:8443' }, 403],
    [{ origin: 'https://evil.example' }, 403],
    [{ origin: 'null' }, 403],
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ 'sec-fetch-site': 'same-site' }, 403],
    [{ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }, 200],
  ] as const;
  const { ask } = bed();
  for (const [headers, status] of cases)
    assert.deepEqual([headers, (await ask('/v1', { token: valid.read, headers })).status], [headers, status]);
  const six = { local: ip('2001:db8::1') };
  assert.equal((await ask('/v1', { token: valid.read, peer: six, headers: { host: '[2001:DB8:0::1]:8443' } })).status, 200);
});

test('certificates: listed names have their scope, others none; a refused one is no anonymous caller', async () => {
  const { ask, codeOf } = bed();
  assert.equal((await ask('/v1/connections', { peer: { certificate: { name: 'ops' } } })).status, 200);
  assert.equal(await codeOf('/v1', { peer: { certificate: { name: 'other' } } }), 'api-client');
  const open = { remote: ip('198.51.100.9') };
  assert.equal((await ask('/metrics', { peer: open })).status, 200);
  assert.equal((await ask('/livez', { peer: open })).status, 200);
  assert.equal((await ask('/metrics')).status, 401);
  assert.equal((await ask('/v1/services', { peer: open })).status, 401);
  assert.equal((await ask('/metrics', { peer: { ...open, certificate: 'refused' } })).status, 401);
});

test('a token file that cannot be looked at gives no access, and no other error', () => {
  const loop = join(folder, 'loop');
  symlinkSync(loop, loop);
  assert.throws(() => new TokenFile(loop).tokens(), { code: 'api-tokens' });
  assert.match(filesState({ certificate: loop, key: join(folder, 'none') }), /^ELOOP ENOENT /);
});

test('a token counts until it expires or is revoked; a file that others may read gives no access', async () => {
  const { ask, state } = bed();
  assert.equal(statSync(tokens).mode & 0o777, 0o600);
  const token = made('passing', 'read', LATER, true);
  assert.equal((await ask('/v1/connections', { token })).status, 200);
  chmodSync(tokens, 0o640);
  assert.equal((await ask('/v1', { token })).status, 401);
  chmodSync(tokens, 0o600);
  assert.equal((await ask('/v1', { token })).status, 200);
  state.now += 1000;
  assert.equal((await ask('/v1', { token })).status, 401);
  state.now -= 1000;
  revokeToken(tokens, 'passing');
  assert.equal((await ask('/v1', { token })).status, 401);
});

test('refused requests are counted; an address that sends many has to wait, others do not', async () => {
  const { ask, codeOf, state, refusals } = bed();
  let sent = 0;
  while ((await ask('/v1')).status === 401) sent++;
  assert.equal(sent, 20);
  const { status, headers } = await ask('/v1', { token: valid.read });
  assert.deepEqual([status, headers.get('retry-after')], [429, '3']);
  assert.equal(await codeOf('/v1', { token: valid.read }), 'api-rate');
  assert.equal((await ask('/v1', { token: valid.read, peer: { remote: ip('192.0.2.8') } })).status, 200);
  state.now += 3000;
  assert.equal((await ask('/v1', { token: valid.read.replace('read', 'x') })).status, 401);
  const { rate, no_credentials: none, credentials } = refusals.counts();
  assert.deepEqual([rate, none, credentials], [3, 20, 1]);
});
