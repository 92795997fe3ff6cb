import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadConfiguration } from './load-configuration.js';
import { readOptions } from './options.js';

const home = mkdtempSync(join(tmpdir(), 'weir-load-'));
after(() => rmSync(home, { recursive: true }));

function load(text: string, ...options: readonly string[]) {
  const path = join(home, 'k.conf');
  writeFileSync(path, text);
  const asked = readOptions(['-n', '-f', path, ...options]);
  assert.ok(asked.kind === 'run');
  return loadConfiguration(asked.options);
}

const instance = (name: string, own: string): string =>
  `vrrp_instance ${name} {\ninterface eth0\n${own}\nvirtual_ipaddress {\n10.0.0.1\n}\n}\n`;
const usable = instance('A', 'virtual_router_id 5');
const unusable = instance('B', '');

test('a file of which no instance can be used does not start, as with keepalived', () => {
  assert.ok(load(usable).configuration !== undefined);
  const { outcome, messages, configuration } = load(unusable);
  assert.deepEqual([outcome, configuration], ['fatal', undefined]);
  assert.match(messages[0]?.text ?? '', /\(B\) the virtual router id must be set/);
  assert.deepEqual(messages.at(-1), { level: 'error', text: 'No vrrp_instance of the configuration can be used' });
  assert.equal(load(`${unusable}static_ipaddress {\n10.0.0.9 dev lo\n}\n`).outcome, 'fatal');
  // keepalived ends here too; weir leaves out the one that it cannot use.
  assert.deepEqual(
    load(unusable + usable).configuration?.instances.map(({ name }) => name),
    ['A'],
  );
  // Nothing that needs VRRP, and no VRRP at all.
  assert.ok(load('').configuration !== undefined);
  assert.ok(load(unusable, '-C').configuration !== undefined);
});

test('an include that matches nothing is reported, and costs nothing', () => {
  mkdirSync(join(home, 'conf.d'));
  const reported = (name: string) =>
    load(`include ${name}\n`).messages.map(({ level, text }) => `${level} ${text.replace(/^.*\(Line 1\) /, '')}`);
  for (const name of ['conf.d/*.conf', 'none.d/*.conf', 'none.conf', '{none,nor}.conf']) {
    const [line = '', ...more] = reported(name);
    assert.deepEqual(more, []);
    assert.match(line, /^info (?:No config files matched|Config files missing) '\S+'\. \(looked for as '/, name);
  }
  writeFileSync(join(home, 'conf.d', 'a.conf'), '');
  assert.deepEqual(reported('conf.d/*.conf'), []);
});
