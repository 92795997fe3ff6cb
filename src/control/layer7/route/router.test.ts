import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestOf } from '../../../../test/support/layer7.js';
import fc from '../../../../test/support/properties.js';
import { defaultClientLimits, defaultProxying } from '../../../model/layer7/defaults.js';
import type { Host, HostName } from '../../../model/layer7/host.js';
import type { Layer7 } from '../../../model/layer7/layer7.js';
import type { PathMatch, Route, RouteMatch } from '../../../model/layer7/route.js';
import { templateOf } from '../../../model/layer7/template.js';
import { expand, noSurroundings } from '../request.js';
import { normalisedPath } from './path.js';
import { Router } from './router.js';

const route = (pool: string, path: PathMatch, own: Partial<RouteMatch> = {}): Route => ({
  match: { path, methods: [], fields: [], cookies: [], ...own },
  action: { kind: 'pool', pool },
  proxying: defaultProxying,
});
const prefix = (path: string, beforeExpressions = false): PathMatch => ({ kind: 'prefix', path, beforeExpressions });
const expression = (pattern: string): PathMatch => ({ kind: 'expression', pattern, ignoreCase: false });

const hostOf = (label: string, names: readonly HostName[], routes: readonly Route[], defaultOn: readonly string[] = []): Host => ({
  label,
  names,
  listeners: ['web'],
  defaultOn,
  routes,
});

const layer7Of = (hosts: readonly Host[]): Layer7 => ({
  listeners: [{ name: 'web', address: { family: 'inet', words: [0] }, port: 80, proxyFrom: [] }],
  hosts,
  pools: [],
  limits: defaultClientLimits,
});

const poolFor = (router: Router, ...request: Parameters<typeof requestOf>): string => {
  const found = router.find('web', requestOf(...request));
  return found?.route.action.kind === 'pool' ? found.route.action.pool : 'none';
};

test("locations in nginx's order", () => {
  const router = new Router(
    layer7Of([
      hostOf(
        'a',
        [],
        [
          route('root', prefix('/')),
          route('exact', { kind: 'exact', path: '/' }),
          route('documents', prefix('/documents/')),
          route('images', prefix('/images/', true)),
          route('picture', expression('\\.(gif|jpe?g)$')),
        ],
      ),
    ]),
  );
  const pools = ['/', '/index.html', '/documents/document.html', '/images/1.gif', '/documents/1.jpg', '/%69mages//x/../1.gif?y'].map(
    (path) => poolFor(router, path),
  );
  assert.deepEqual(pools, ['exact', 'root', 'documents', 'images', 'picture', 'images']);
});

test('conditions: the first of a path that holds, else the next path in the order', () => {
  const router = new Router(
    layer7Of([
      hostOf(
        'a',
        [],
        [
          route('post', prefix('/api/'), { methods: ['POST'] }),
          route('beta', prefix('/api/'), { fields: [{ name: 'x-beta', value: { kind: 'present' } }] }),
          route('kim', prefix('/api/'), { cookies: [{ name: 'user', value: { kind: 'exact', text: 'kim' } }] }),
          route('root', prefix('/')),
        ],
      ),
    ]),
  );
  assert.equal(poolFor(router, '/api/x'), 'root');
  assert.equal(poolFor(router, '/api/x', 'h', '192.0.2.1', { 'x-beta': '' }), 'beta');
  assert.equal(poolFor(router, '/api/x', 'h', '192.0.2.1', { cookie: 'a=b;user=kim' }), 'kim');
  assert.equal(poolFor(router, '/api/x', 'h', '192.0.2.1', { cookie: 'superuser=kim' }), 'root');
});

test("hosts in nginx's order", () => {
  const to = (label: string, names: readonly HostName[], defaultOn: readonly string[] = []): Host =>
    hostOf(label, names, [route(label, prefix('/'))], defaultOn);
  const router = new Router(
    layer7Of([
      to('first', []),
      to('exact', [{ kind: 'exact', name: 'www.example.com' }]),
      to('short', [{ kind: 'suffix', suffix: '.example.com', withBare: false }]),
      to('long', [{ kind: 'suffix', suffix: '.dev.example.com', withBare: true }]),
      to('mail', [{ kind: 'prefix', prefix: 'mail.' }]),
      to('numbered', [{ kind: 'expression', pattern: '^www\\d+\\.', ignoreCase: true }]),
      to('default', [], ['web']),
    ]),
  );
  const hosts = [
    'www.example.com',
    'a.example.com',
    'example.com',
    'a.b.dev.example.com',
    'dev.example.com',
    'mail.example.org',
    'www7.x',
    'x',
    'a.example.com.',
  ];
  assert.deepEqual(
    hosts.map((host) => poolFor(router, '/', host)),
    ['exact', 'short', 'default', 'long', 'long', 'mail', 'numbered', 'default', 'short'],
  );
});

test('paths as nginx normalises them', () => {
  const cases = {
    '/a%20b': '/a b',
    '/a/./b/../c': '/a/c',
    '//a///b/': '/a/b/',
    '/a/..': '/',
    '/%2e%2e/x': undefined,
    '/a%': undefined,
    '/%00': undefined,
    '*': '*',
    x: undefined,
    '/a?b=/../..': '/a',
    '/a%3Fb': '/a?b',
    '/a/.': '/a/',
  };
  for (const [target, path] of Object.entries(cases)) assert.equal(normalisedPath(target), path, target);
});

test('a normalised path has no dots, no double slash, and begins with a slash', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('/', '.', 'a', '%2e', '%2F', '?', '#', '%'), maxLength: 20 }), (text) => {
      const path = normalisedPath(`/${text}`);
      assert.ok(path === undefined || (/^\//.test(path) && !/\/\.{0,2}\/|\/\.\.?$/.test(path)), path);
    }),
  );
});

test('values for servers, and none that ends its line', () => {
  const facts = requestOf('/a%0d%0aX:1?q=1&Q=2', 'example.com', '192.0.2.1', { 'x-forwarded-for': '198.51.100.1', cookie: 'sid=7' });
  const text = (template: string): string => expand(templateOf(template), facts, { ...noSurroundings, proxyHost: 'pool' });
  assert.equal(text('$proxy_add_x_forwarded_for'), '198.51.100.1, 192.0.2.1');
  assert.equal(text('$scheme://$host$request_uri'), 'http://example.com/a%0d%0aX:1?q=1&Q=2');
  assert.equal(text('$uri$is_args$args'), '/a%0D%0AX:1?q=1&Q=2');
  assert.equal(text('$arg_q,$cookie_sid,$http_user_agent,$proxy_host'), '1,7,,pool');
  assert.equal(text('$proxy_add_forwarded'), 'for=192.0.2.1;proto=http;host=example.com');
});

test('groups of an expression', () => {
  const router = new Router(layer7Of([hostOf('a', [], [route('user', expression('^/users/([a-z]+)/(.*)'))])]));
  const facts = requestOf('/users/kim/x/y');
  assert.deepEqual(router.find('web', facts)?.groups(facts.path), ['/users/kim/x/y', 'kim', 'x/y']);
  assert.equal(router.find('other', facts), undefined);
});

test("a location of a pool that ends with a slash: nginx's redirect, before expressions, not before the very path", () => {
  const status = { ...route('', prefix('/gone/')), action: { kind: 'status', status: 410, body: [] } } as const;
  const routes = [
    ...[route('root', prefix('/')), route('x', prefix('/x/')), route('y', prefix('/y')), route('y/', prefix('/y/'))],
    ...[route('z', { kind: 'exact', path: '/z' }), route('z/', prefix('/z/')), route('e', { kind: 'exact', path: '/e/' })],
    ...[route('any', expression('^/x')), status, route('posted', prefix('/p/'), { methods: ['POST'] })],
  ];
  const router = new Router(layer7Of([hostOf('a', [], routes)]));
  const found = ['/x', '/x/', '/x/a', '/xa', '/y', '/z', '/e', '/gone', '/p', '/'].map((path) => {
    const { route: of, addsSlash } = router.find('web', requestOf(path)) ?? assert.fail();
    return `${addsSlash ? 'to ' : ''}${of.action.kind === 'pool' ? of.action.pool : of.action.kind}`;
  });
  assert.deepEqual(found, ['to x', 'any', 'any', 'any', 'y', 'z', 'to e', 'root', 'root', 'root']);
});
