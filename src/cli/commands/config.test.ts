import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { memoryIo } from '../io.js';
import { run } from './config.js';

const NODE = (lines: string): string =>
  `vrrp_instance V1 {\ninterface eth0\nvirtual_router_id 51\n${lines}\nvirtual_ipaddress {\n10.0.0.100\n}\n}\n`;

/** Runs the command in a folder with these files; `@NAME` stands for their paths. */
async function command(files: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'weir-config-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const io = memoryIo();
    const status = await run(
      args.map((arg) => arg.replace(/^@/, `${folder}/`)),
      io,
    );
    return { status, out: io.stdout.replaceAll(`${folder}/`, ''), err: io.stderr.replaceAll(`${folder}/`, '') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const PAIR = { 'a.conf': NODE('priority 100'), 'b.conf': NODE('priority 90') };

test('a pair that fits is silent, status 0', async () => {
  assert.deepEqual(await command(PAIR, 'lint', '@a.conf', '@b.conf'), { status: 0, out: '', err: '' });
});

test('findings are lines with place and code; the status follows the worst', async () => {
  const warned = await command({ ...PAIR, 'b.conf': NODE('priority 100') }, 'lint', '@a.conf', '@b.conf');
  assert.equal(warned.status, 1);
  assert.match(warned.out, /^WARN {3}a\.conf:4: V1 has the same priority .* — fix: .* \[equal-priorities\]\n$/);
  const wrong = await command({ ...PAIR, 'b.conf': NODE('priority 90\nversion 3') }, 'lint', '@a.conf', '@b.conf');
  assert.equal(wrong.status, 2);
  assert.match(wrong.out, /^ERROR {2}a\.conf:1: .*\[versions-differ\]\n/);
});

test('--json has the same findings', async () => {
  const { out, status } = await command({ 'a.conf': NODE('priority 100\nfoo') }, 'lint', '--json', '@a.conf');
  const { findings } = JSON.parse(out) as { findings: readonly { readonly code: string; readonly line: number }[] };
  assert.deepEqual(
    findings.map(({ code, line }) => [code, line]),
    [['message', 5]],
  );
  assert.equal(status, 1);
});

test("keepalived's own message of a finding is not repeated beside it", async () => {
  const { out } = await command({ 'a.conf': NODE('state MASTER\npriority 100\nnopreempt\nnoprempt') }, 'lint', '@a.conf');
  assert.deepEqual(out.match(/\[[\w-]+\]$/gm), ['[nopreempt-with-state-master]', '[message]']);
});

test('one file and several names are several nodes', async () => {
  const text = NODE('@one priority 100\n@two priority 90\n@two advert_int 2');
  const { out, status } = await command({ 'a.conf': text }, 'lint', '--id', 'one,two', '@a.conf');
  assert.match(out, /\[intervals-differ\]/);
  assert.equal(status, 2);
});

test("the daemon's options count", async () => {
  const { out, status } = await command(PAIR, 'lint', '--options', '-D -V', '@a.conf');
  assert.match(out, /\[keeps-addresses-at-stop\]/);
  assert.equal(status, 2);
  assert.equal((await command(PAIR, 'lint', '--options', '-D', '@a.conf')).status, 0);
});

test('a script that the file names is looked into', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-script-'));
  try {
    writeFileSync(join(folder, 'check.sh'), '#!/bin/sh\npidof nginx || systemctl stop keepalived\n');
    const text = `global_defs {\nscript_user root\nenable_script_security\n}\nvrrp_script s {\nscript ${folder}/check.sh\n}\n${NODE('priority 100')}`;
    const { out } = await command({ 'a.conf': text }, 'lint', '@a.conf');
    assert.match(out, /\[script-stops-keepalived\]/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a file that cannot be read: status 3, and why', async () => {
  const { status, err } = await command({}, 'lint', '@none.conf');
  assert.equal(status, 3);
  assert.match(err, /none\.conf/);
  const fatal = await command({ 'a.conf': NODE('priority') }, 'explain', '@a.conf');
  assert.equal(fatal.status, 3);
  assert.match(fatal.err, /missing a parameter/);
});

test('explain prints the file again with origins', async () => {
  const { out, status } = await command({ 'a.conf': NODE('priority 100') }, 'explain', '@a.conf');
  assert.equal(status, 0);
  assert.match(out, /^vrrp_instance V1 \{ +# a\.conf:1\n/);
  assert.match(out, /\n {4}priority 100 +# a\.conf:4\n/);
});

test('wrong words are reported, status 2', async () => {
  for (const args of [['fix'], ['explain', 'a', 'b'], ['explain', '--json'], ['lint', '--id', 'a,b,c', 'x', 'y']]) {
    const { status, err } = await command({}, ...args);
    assert.equal(status, 2, args.join(' '));
    assert.match(err, /^weir config: /);
  }
});
