// Fields that a route sets: those that its server gets, and those of the answers, the proxy's own too.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProxyBed } from '../../../test/support/proxy-bed.js';
import { defaultProxying } from '../../model/layer7/defaults.js';
import type { Action } from '../../model/layer7/route.js';
import { templateOf } from '../../model/layer7/template.js';
import { ModelRouter } from './model-router.js';

const hostsOf = (text: string): readonly string[] => [...text.matchAll(/\r\nHost: (.*)\r\n/g)].map(([, host = '']) => host);

test('a server gets one Host: of the route, of the client, or its own name', () => {
  for (const [requestFields, request, host] of [
    [[{ name: 'Host', value: templateOf('of.route') }], 'GET / HTTP/1.0\r\n\r\n', 'of.route'],
    [[{ name: 'Host', value: templateOf('of.route') }], 'GET / HTTP/1.1\r\nHost: h\r\n\r\n', 'of.route'],
    [[{ name: 'Host', value: templateOf('$arg_none') }], 'GET / HTTP/1.0\r\n\r\n', 's1'],
    [[], 'GET / HTTP/1.1\r\nHost: h\r\n\r\n', 'h'],
    [[], 'GET / HTTP/1.0\r\n\r\n', 's1'],
  ] as const) {
    const bed = new ProxyBed({ servers: 1, proxying: { requestFields } });
    bed.feed(bed.client(), request);
    assert.deepEqual(hostsOf(bed.servers[0]!.received), [host], request);
  }
});

test('a 1xx and a 101 have no hidden field, and a 101 has what the route adds and the cookie that binds', () => {
  const cookie = { kind: 'cookie', name: 'id', path: '/', httpOnly: false, secure: false } as const;
  const bed = new ProxyBed({
    servers: 1,
    proxying: { hiddenFields: ['x-hidden'], responseFields: [{ name: 'X-Added', value: templateOf('yes') }] },
    pool: { persistence: cookie },
  });
  const client = bed.client();
  bed.feed(client, 'GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  bed.feed(bed.servers[0]!, 'HTTP/1.1 103 Early Hints\r\nX-Hidden: a\r\nLink: b\r\n\r\n');
  assert.equal(client.received, 'HTTP/1.1 103 Early Hints\r\nLink: b\r\n\r\n');
  bed.feed(bed.servers[0]!, 'HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Hidden: a\r\n\r\n');
  assert.match(client.received, /\r\nUpgrade: websocket\r\nX-Added: yes\r\nSet-Cookie: id=\w+; Path=\/\r\n\r\n$/);
  assert.doesNotMatch(client.received, /hidden/i);
});

test('what asks for the cause of an answer reaches no server', () => {
  const bed = new ProxyBed({ servers: 1 });
  bed.feed(bed.client(), 'GET / HTTP/1.1\r\nHost: h\r\nWeir-Explain: secret\r\nX: y\r\n\r\n');
  assert.match(bed.servers[0]!.received, /\r\nX: y\r\n/);
  assert.doesNotMatch(bed.servers[0]!.received, /explain/i);
});

test('the answers of a route without a pool have its fields, and variables in their text', () => {
  const bed = new ProxyBed();
  const proxying = { ...defaultProxying, responseFields: [{ name: 'X-Path', value: templateOf('$uri') }] };
  const answered = (action: Action, path: string): string => {
    const { hosts, ...model } = bed.model;
    const routes = hosts[0]!.routes.map(({ match }) => ({ match, action, proxying }));
    const router = new ModelRouter({ ...model, hosts: [{ ...hosts[0]!, routes }] }, { secret: new Uint8Array(32), chance: [1, 2, 3, 4] });
    bed.machine.configure({ router, limits: model.limits, explainToken: undefined });
    const client = bed.client();
    bed.feed(client, `GET ${path} HTTP/1.1\r\nHost: Shop.example:81\r\n\r\n`);
    return client.received;
  };
  const text = { kind: 'status', status: 200, body: templateOf('$host$is_args$args') } as const;
  assert.match(answered(text, '/a?b'), /\r\nContent-Length: 14\r\nX-Path: \/a\r\n\r\nshop\.example\?b$/);
  const redirect = { kind: 'redirect', status: 302, location: templateOf('/to') } as const;
  assert.match(answered(redirect, '/c'), /\r\nLocation: \/to\r\nX-Path: \/c\r\n\r\n/);
});

test('no path leaves what the prefix of its location becomes', () => {
  const bed = new ProxyBed({ servers: 1 });
  const { hosts, ...model } = bed.model;
  const [route] = hosts[0]!.routes;
  const path = { kind: 'prefix', path: '/api', beforeExpressions: false } as const;
  const routes = [{ ...route!, match: { ...route!.match, path }, action: { kind: 'pool', pool: 'p', replacePrefix: '/v1/' } as const }];
  const router = new ModelRouter({ ...model, hosts: [{ ...hosts[0]!, routes }] }, { secret: new Uint8Array(32), chance: [1, 2, 3, 4] });
  bed.machine.configure({ router, limits: model.limits, explainToken: undefined });
  for (const target of ['/api../x', '/api%2e%2e/x', '/api..', '/api./x', '/api%2E.%2Fx']) {
    const client = bed.client();
    bed.feed(client, `GET ${target} HTTP/1.1\r\nHost: h\r\n\r\n`);
    assert.match(client.received, /^HTTP\/1\.1 400 /, target);
  }
  bed.feed(bed.client(), 'GET /api..x?y HTTP/1.1\r\nHost: h\r\n\r\n');
  assert.match(bed.servers[0]!.received, /^GET \/v1\/\.\.x\?y /);
});
