import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readWeirFile } from '../../../config/weir/read.js';
import { formatAddress } from '../../../model/address-text.js';
import type { SwitchPlan } from '../../../model/layer7/switch-plan.js';
import { parseSubnet } from '../../../model/subnet-text.js';
import { switchPlan } from './switch-plan.js';

/** `hosts`: lines of YAML below `hosts:`; pools are one, two, sticky. */
function planOf(hosts: string, listener = '192.0.2.1:80'): SwitchPlan {
  const text = `layer7:
  listeners:
    web: "${listener}"
  pools:
    one: { servers: ["10.0.0.1:80", { address: "10.0.0.2:80", weight: 3 }] }
    two: { servers: ["10.0.0.3:80"], balance: least_conn }
    sticky: { servers: ["10.0.0.3:80"], sticky: { cookie: sid } }
  hosts:
${hosts}`;
  const { file, faults } = readWeirFile(text);
  assert.deepEqual(faults, []);
  return switchPlan(file.layer7 ?? assert.fail('no section layer7'));
}

const refusals = (hosts: string, listener?: string): readonly string[] => planOf(hosts, listener).refusals.map(({ why }) => why);

test("hosts by name and paths by length; what is not switched of such a host is known as the proxy's", () => {
  const plan = planOf(`    - server_name: [a.example, .b.example]
      locations:
        - { location: /, pool: one, way: switch }
        - { location: /x/, pool: two, way: auto }
        - { location: = /x/y, pool: two }
        - { location: /s/, pool: sticky, way: auto }
    - server_name: [c.example]
      locations: [{ location: /, pool: two }]`);
  assert.deepEqual(plan.refusals, []);
  const [listener] = plan.listeners;
  assert.deepEqual(
    listener?.hosts.map(({ name }) => name),
    ['a.example', 'b.example'],
  );
  assert.deepEqual(listener?.hosts[0]?.paths, [
    { path: '/', exact: false, pool: 'one' },
    { path: '/x/', exact: false, pool: 'two' },
    { path: '/x/y', exact: true, pool: undefined },
    { path: '/s/', exact: false, pool: undefined },
    // redirected by the proxy
    { path: '/x', exact: true, pool: undefined },
    { path: '/s', exact: true, pool: undefined },
  ]);
  assert.deepEqual(
    listener?.servers.map(({ weight }) => weight),
    [1, 3, 1],
  );
  assert.deepEqual(
    plan.pools.map(({ name }) => name),
    ['one', 'two'],
  );
});

test("the first host of a name has it, also where it is the proxy's", () => {
  const plan = planOf(`    - server_name: [a.example]
      locations: [{ location: /, pool: one }]
    - server_name: [a.example, b.example]
      locations: [{ location: /, pool: two, way: auto }]`);
  assert.deepEqual(
    plan.listeners[0]?.hosts.map(({ name }) => name),
    ['b.example'],
  );
});

test('what cannot be switched is refused with its reason', () => {
  const host = (location: string): string => `    - server_name: [a.example]
      locations: [${location}]`;
  for (const [location, why] of [
    ['{ location: /, pool: sticky, way: switch }', /sticky/],
    ['{ location: ~ ^/x, pool: one, way: switch }', /expression/],
    ['{ location: /, pool: one, way: switch, headers: { x-y: z } }', /headers/],
    ['{ location: /, pool: one, way: switch, proxy_set_header: { X-Y: z } }', /proxy_set_header/],
    ['{ location: /, return: { status: 404 }, way: switch }', /answer/],
    ['{ location: /a%20b, pool: one, way: switch }', /encode/],
    ['{ location: //, pool: one, way: switch }', /encode/],
    ['{ location: /, pool: one, way: switch }, { location: ~ x, pool: two }', /expression of the host/],
    ['{ location: /, pool: one, way: switch }, { location: /, pool: two, methods: [POST] }', /same path/],
  ] as const) {
    const [first, ...others] = refusals(host(location));
    assert.match(first ?? 'not refused', why, location);
    assert.deepEqual(others, []);
  }
  assert.match(
    refusals('    - server_name: ["*.a.example"]\n      locations: [{ location: /, pool: one, way: switch }]')[0] ?? '',
    /exact/,
  );
  const plain = host('{ location: /, pool: one, way: switch }');
  assert.match(refusals(plain, '[2001:db8::1]:80')[0] ?? '', /family/);
  assert.match(refusals(plain, '[fe80::1]:80')[0] ?? '', /link-local/);
});

test('a prefix that comes before expressions is switched', () => {
  const plan = planOf(`    - server_name: [a.example]
      locations:
        - { location: ^~ /x/, pool: one, way: switch }
        - { location: ~ y, pool: two }
        - { location: /, pool: two, way: auto }`);
  assert.deepEqual(plan.listeners[0]?.hosts[0]?.paths, [
    { path: '/x/', exact: false, pool: 'one' },
    { path: '/', exact: false, pool: undefined },
    { path: '/x', exact: true, pool: undefined },
  ]);
});

test('the way is inherited, and the innermost one counts', () => {
  const plan = planOf(`    - server_name: [a.example]
      way: switch
      locations:
        - { location: /, pool: one }
        - { location: /p/, pool: two, way: proxy }`);
  assert.deepEqual(
    plan.listeners[0]?.hosts[0]?.paths.map(({ path, pool }) => [path, pool]),
    [
      ['/', 'one'],
      ['/p/', undefined],
      ['/p', undefined],
    ],
  );
});

test('connections of TLS by the name that they ask for, to servers that end TLS themselves', () => {
  const text = (extra: string): string => `layer7:
  listeners:
    web: { listen: "192.0.2.1:443", tls: { certificates: [{ ssl_certificate: a.pem, ssl_certificate_key: a.key }] } }
    plain: 192.0.2.1:80
  pools:
    one: { servers: ["10.0.0.1:80"] }
    secure: { servers: ["10.0.0.1:443"] }
    sticky: { servers: ["10.0.0.3:443"], sticky: { cookie: sid } }
  hosts:
    - { server_name: [a.example], passthrough: secure, locations: [{ location: /, pool: one }] }
    - { server_name: [b.example], locations: [{ location: /, pool: one }] }
${extra}`;
  const read = (extra: string): SwitchPlan => {
    const { file, faults } = readWeirFile(text(extra));
    assert.deepEqual(faults, []);
    return switchPlan(file.layer7 ?? assert.fail('no section layer7'));
  };
  const { listeners, refusals: none } = read('');
  assert.deepEqual(none, []);
  assert.deepEqual(
    listeners.map(({ name, protocol, hosts }) => [name, protocol, hosts]),
    [['web', 'tls', [{ name: 'a.example', paths: [{ path: '', exact: false, pool: 'secure' }] }]]],
  );
  for (const [host, why] of [
    ['server_name: [c.example], listen: plain, passthrough: secure', /no listener of the host has tls/],
    ['server_name: ["*.c.example"], passthrough: secure', /exact server_name/],
    ['server_name: [c.example], passthrough: sticky', /sticky/],
  ] as const)
    assert.match(read(`    - { ${host}, locations: [{ location: /, pool: one }] }`).refusals[0]?.why ?? '', why);
  const { faults } = readWeirFile(
    text('    - { server_name: [c.example], passthrough: nowhere, locations: [{ location: /, pool: one }] }'),
  );
  assert.equal(faults.length, 1);
});

test('what the maps of the datapath do not hold is refused', () => {
  const file = (pools: number, hosts: number): string => `layer7:
  listeners: { web: "192.0.2.1:80" }
  pools:
${Array.from({ length: pools }, (_, i) => `    p${i}: { servers: ["10.0.0.1:80"] }`).join('\n')}
  hosts:
${Array.from({ length: hosts }, (_, i) => `    - { server_name: [h${i}.example], way: switch, locations: [{ location: /, pool: p${i % pools} }] }`).join('\n')}
`;
  const whys = (pools: number, hosts: number): readonly string[] =>
    switchPlan(readWeirFile(file(pools, hosts)).file.layer7 ?? assert.fail('no section layer7')).refusals.map(({ why }) => why);
  assert.deepEqual(whys(511, 511), []);
  assert.deepEqual(whys(512, 512), ['it has 512 pools for the datapath, which holds 511']);
});

test('the host of all other names is switched, and the names of others are known', () => {
  const others = '    - { default_server: true, locations: [{ location: /, pool: one, way: switch }] }';
  const plan = planOf(`    - { server_name: [b.example], locations: [{ location: /, pool: two }] }
${others}`);
  assert.deepEqual(plan.refusals, []);
  assert.deepEqual(
    plan.listeners[0]?.hosts.map(({ name, paths }) => [name, paths.map(({ path, pool }) => [path, pool])]),
    [
      ['b.example', [['/', undefined]]],
      ['', [['/', 'one']]],
    ],
  );
  const odd = `    - { server_name: ["*.b.example"], locations: [{ location: /, pool: two }] }
${others}`;
  assert.match(refusals(odd)[0] ?? '', /all other names/);
  assert.match(refusals(others, '0.0.0.0:80')[0] ?? '', /this host has no address for its listener/);
});

test('a listener on all addresses is one on each that the host has, but for those that servers answer past it', () => {
  const text = `layer7:
  listeners: { all: "0.0.0.0:80", named: "192.0.2.2:80", other: "[::]:80" }
  pools: { one: { servers: ["10.0.0.1:80"] } }
  hosts: [{ server_name: [a.example], listen: [all, named, other], locations: [{ location: /, pool: one, way: auto }] }]
`;
  const own = ['192.0.2.1/24', '192.0.2.2/24', '192.0.2.1/32', '10.0.0.9/24', '2001:db8::1/64'].map(
    (each) => parseSubnet(each) ?? assert.fail(each),
  );
  const { listeners, refusals: refused } = switchPlan(readWeirFile(text).file.layer7 ?? assert.fail('no section layer7'), own);
  assert.deepEqual(refused, []);
  assert.deepEqual(
    listeners.map(({ name, address, isOfAll, hosts }) => [name, formatAddress(address), isOfAll, hosts.map((host) => host.name)]),
    [
      ['all', '192.0.2.1', true, ['a.example']],
      ['named', '192.0.2.2', false, ['a.example']],
    ],
  );
});
