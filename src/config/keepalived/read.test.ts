import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../test/support/properties.js';
import { instancesOf, threeSequences } from '../../../test/support/three-sequences.js';
import { canRun, exitCodeOf, renderDiagnostic } from './diagnostics/outcome.js';
import type { ConfigFiles } from './lines/config-files.js';
import { readKeepalived } from './read.js';

const OPTIONS = { path: 'k.conf', directory: '/', configId: 'vm', environment: {} };
const one = (text: string): ConfigFiles => ({
  read: (path) => (path === 'k.conf' ? { kind: 'text', text } : { kind: 'missing' }),
  list: () => [],
});
const read = (text: string) => readKeepalived(one(text), OPTIONS);

const INSTANCE = `vrrp_instance V1 {
    interface eth0
    virtual_router_id 51
    priority 150
    virtual_ipaddress {
        10.99.0.100/24 dev eth0
    }
}
`;

test('a file becomes a configuration', () => {
  const { configuration, diagnostics } = read(INSTANCE);
  assert.deepEqual(diagnostics, []);
  const [instance] = configuration?.instances ?? [];
  assert.deepEqual([instance?.name, instance?.interface, instance?.vrid, instance?.priority], ['V1', 'eth0', 51, 150]);
  assert.equal(exitCodeOf(diagnostics), 0);
});

test('errors are reported at their places, in the order of the file within a part, and the rest is read', () => {
  const { configuration, diagnostics } = read(INSTANCE.replace('priority', 'priorty'));
  assert.deepEqual(diagnostics.map(renderDiagnostic), ["k.conf:4:5: (Line 4) Unknown keyword 'priorty' (did you mean 'priority'?)"]);
  assert.equal(configuration?.instances[0]?.priority, 100);
  assert.equal(exitCodeOf(diagnostics), 5);
  assert.ok(canRun(diagnostics));
});

test('a keyword at a wrong level is reported with the block where it belongs', () => {
  const { diagnostics } = read('virtual_router_id 51\n');
  assert.deepEqual(diagnostics.map(renderDiagnostic), [
    "k.conf:1:1: (Line 1) Unknown keyword 'virtual_router_id' (it belongs in vrrp_instance)",
  ]);
});

test('a keyword without its argument is fatal', () => {
  const { configuration, diagnostics } = read(`${INSTANCE.replace('priority 150', 'priority')}foo\n`);
  assert.equal(configuration, undefined);
  assert.equal(diagnostics.length, 1);
  assert.match(diagnostics[0]!.text, /^\*\*\* Configuration line starting `priority` is missing a parameter/);
  assert.equal(exitCodeOf(diagnostics), 2);
  assert.ok(!canRun(diagnostics));
});

test('the worst diagnostic determines the exit status', () => {
  const reported = (...severities: ('notice' | 'error' | 'security' | 'no-config' | 'unusable' | 'fatal')[]) =>
    exitCodeOf(severities.map((severity) => ({ severity })));
  assert.deepEqual(
    [reported(), reported('notice'), reported('error', 'notice'), reported('error', 'security'), reported('no-config')],
    [0, 0, 5, 6, 6],
  );
  assert.deepEqual([reported('security', 'unusable'), reported('unusable', 'fatal')], [4, 2]);
});

test('a message is stored once a place, and at most ten thousand are stored', () => {
  assert.equal(read('~SEQ(N,1,50) foo\n').diagnostics.length, 1);
  const { diagnostics } = read(Array.from({ length: 10_100 }, (_, index) => `foo${index}\n`).join(''));
  assert.equal(diagnostics.length, 10_001);
  assert.equal(diagnostics.at(-1)?.text, '100 more messages are left out');
  assert.equal(read('x'.repeat(60_000)).diagnostics[0]?.text.length, 1_001);
});

test('the manual’s example of three sequences, on one of its eight interfaces, is read whole', () => {
  const { configuration, diagnostics } = read(threeSequences(1));
  assert.deepEqual(diagnostics, []);
  assert.equal(configuration?.instances.length, instancesOf(1));
  assert.equal(configuration.files.length, instancesOf(1));
  assert.equal(configuration.instances.at(-1)?.name, 'vrrp4.0.31.254');
});

test('two hundred thousand braces and nothing but NULs end with a message', () => {
  assert.match(
    read('a {\n'.repeat(200_000))
      .diagnostics.map(({ text }) => text)
      .join(),
    /There are 200000 missing/,
  );
  assert.ok(read('\0'.repeat(50_000)).diagnostics.length > 0);
});

test('the reader throws for no text', () => {
  const words = ['vrrp_instance', 'V1', 'global_defs', 'virtual_server', '10.0.0.1', '80', 'priority', 'interface', 'virtual_ipaddress'];
  const more = [
    'track_script',
    'authentication',
    'real_server',
    'HTTP_GET',
    'url',
    'path',
    'static_routes',
    'via',
    'notify',
    'vrrp_script',
    'script',
  ];
  const signs = ['{', '}', '\n', '\n', ' ', ' ', '"', "'", '#', '$A=', '$A', '${A}', '~SEQ(A,1,3)', '@vm', '-1', '1e9', 'include k.conf'];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...words, ...more, ...signs), { maxLength: 60 }), (parts) => {
      const { diagnostics } = read(parts.join(' '));
      for (const { at } of diagnostics) assert.ok(at.line >= 0 && at.column >= 1);
    }),
    { numRuns: 500 },
  );
});
