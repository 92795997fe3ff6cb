import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { configTest } from './config-test.js';

const home = mkdtempSync(join(tmpdir(), 'weir-t-'));
after(() => rmSync(home, { recursive: true }));

function run(written: string | undefined, { allConfig = false, output }: { allConfig?: boolean; output?: string } = {}) {
  const path = join(home, written === undefined ? 'none.conf' : 'k.conf');
  if (written !== undefined) writeFileSync(path, written);
  const printed: string[] = [];
  const io = { out: () => {}, err: (text: string) => void printed.push(text), read: () => undefined, flush: () => {} };
  const status = configTest({ path, allConfig }, output, io);
  return { status, err: printed.join(''), path };
}

const instance = (lines: string): string =>
  `vrrp_instance V1 {\ninterface lo9\nvirtual_router_id 51\nvirtual_ipaddress {\n10.0.0.1\n}\n${lines}\n}\n`;
const DYNAMIC = 'global_defs {\ndynamic_interfaces\n}\n';

test("keepalived's status and messages", () => {
  assert.deepEqual([run('').status, run('').err], [0, '']);
  assert.equal(run(DYNAMIC + instance('')).err, '');
  const { status, err, path } = run(instance(''));
  assert.equal(status, 5);
  assert.match(err, new RegExp(`^${path}:2:11: \\(Line 2\\) WARNING - interface lo9 for vrrp_instance V1 doesn't exist`));
  assert.equal(run(DYNAMIC + instance('priority')).status, 2);
  assert.equal(run(DYNAMIC + instance('notify /bin/true root')).status, 6);
  assert.equal(run('linkbeat_interfaces {\nlo9\n}').status, 4);
  assert.equal(run('includea nothing\n').status, 6);
});

test('no file is fine, unless all must be there', () => {
  const { status, err } = run(undefined);
  assert.equal(status, 0);
  assert.match(err, /Config files missing '.*none\.conf'\./);
  assert.equal(run(undefined, { allConfig: true }).status, 4);
});

test('messages go to a file where one is named', () => {
  const output = join(home, 'log');
  assert.deepEqual([run('foo\n', { output }).err, run('foo\n', { output }).status], ['', 5]);
  assert.equal(readFileSync(output, 'utf8').match(/Unknown keyword 'foo'/g)?.length, 2);
  const refused = run('foo\n', { output: join(home, 'no', 'log') });
  assert.equal(refused.status, 1);
  assert.match(refused.err, /^Unable to open config-test log file /);
});

test('virtual servers of every method are served: nothing is printed', () => {
  const check = 'real_server 10.0.0.2 80 {\nTCP_CHECK {\n}\n}\n';
  const text = (own: string): string => `virtual_server 10.0.0.9 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n${own}${check}}\n`;
  const lines = (written: string): readonly string[] => {
    const { status, err, path } = run(written);
    assert.equal(status, 0);
    return err
      .trimEnd()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.replace(`${path}:`, ''));
  };
  assert.deepEqual(lines(text('')), []);
  assert.deepEqual(lines(text('persistence_timeout 50\n')), []);
  assert.deepEqual(lines(text('persistence_timeout 50\npersistence_engine sip\n').replace('TCP', 'UDP')), []);
  for (const method of ['DR', 'TUN', 'TUN type gre csum', 'TUN type gue port 6080'])
    assert.deepEqual(lines(text('').replace('lvs_method NAT', `lvs_method ${method}`)), [], method);
});
