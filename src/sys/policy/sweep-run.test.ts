import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { noRoot, notFirstNamespaces } from '../../../test/support/probes.js';
import { native } from '../addon.js';
import { sweepRun } from './sweep-run.js';

const NEVER = '281474976710655';

test('what namespaces that are gone have left goes, the journal and the sockets of their API with it; the rest stays', {
  skip: noRoot() || notFirstNamespaces(),
}, (context) => {
  const run = mkdtempSync(join(tmpdir(), 'weir-run-'));
  context.after(() => rmSync(run, { recursive: true }));
  const own = String(native().netnsCookie());
  for (const folder of ['bfd', 'api', `api/${own}`, `api/${NEVER}`, 'vip', 'proxy', 'haproxy', `haproxy/${NEVER}`, 'bpf', `bpf/${NEVER}`])
    mkdirSync(join(run, folder));
  const files = [
    `api/changes.${own}`,
    `api/changes.${NEVER}`,
    `api/${NEVER}/api.sock`,
    'api/changes',
    `bfd/${NEVER}.7.json`,
    `vip/${NEVER}.json`,
    `vip/${own}.json`,
    `proxy/${NEVER}.7.sock`,
    `proxy/${own}.7.sock`,
    `haproxy/${NEVER}/haproxy.cfg`,
  ];
  for (const file of files) writeFileSync(join(run, file), '');
  assert.deepEqual(sweepRun(run, join(run, 'bpf')), [BigInt(NEVER)]);
  assert.deepEqual(readdirSync(join(run, 'api')).sort(), [own, 'changes', `changes.${own}`].sort());
  assert.deepEqual([readdirSync(join(run, 'proxy')), readdirSync(join(run, 'haproxy'))], [[`${own}.7.sock`], []]);
  assert.deepEqual(readdirSync(join(run, 'bfd')), []);
  assert.deepEqual([readdirSync(join(run, 'vip')), readdirSync(join(run, 'bpf'))], [[`${own}.json`], []]);
});
