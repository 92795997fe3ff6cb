import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { read } from '../../../../test/support/project.js';
import { removeUdevRule, writeUdevRule } from './udev-rule.js';

const folder = mkdtempSync(join(tmpdir(), 'weir-udev-'));
after(() => rmSync(folder, { recursive: true }));
const [run, etc] = [join(folder, 'run'), join(folder, 'etc')];
const path = join(run, 'udev/rules.d/90-weir.rules');
const shipped = read('share/udev/90-weir.rules');
const write = (program = '/opt/weir/bin/weir'): string | undefined => writeUdevRule(run, etc, program, shipped);

beforeEach(() => {
  for (const one of [run, etc]) rmSync(one, { recursive: true, force: true });
  mkdirSync(join(run, 'udev'), { recursive: true });
  writeFileSync(join(run, 'udev/control'), '');
});

test('the rule names the command that loaded, is written once, and is removed', () => {
  assert.equal(write(), path);
  const text = readFileSync(path, 'utf8');
  assert.match(text, /RUN\+="\/usr\/bin\/systemd-run --quiet --no-block --collect [^"]* \/opt\/weir\/bin\/weir load --if-loaded <[^"]*"/);
  assert.match(text, /TEST!="\/opt\/weir\/bin\/weir", GOTO="weir_end"/);
  assert.doesNotMatch(text, /^[^#].*usr\/local/m);
  assert.equal(write(), undefined, 'it is there');
  assert.equal(write('/opt/other/bin/weir'), path, 'another build loads');
  assert.equal(removeUdevRule(run), true);
  assert.equal(existsSync(path), false);
  assert.equal(removeUdevRule(run), false);
});

test('of many interfaces that come together one command covers those that are there, and one more what came meanwhile', async () => {
  const [, script = ''] = /TEST!="[^"]*systemd[^"]*", RUN\+="\/bin\/sh -c '([^']*) &'"/.exec(shipped) ?? [];
  const [weir, ran, goes] = [join(folder, 'weir'), join(folder, 'ran'), join(folder, 'goes')];
  // It goes on until there is a file.
  writeFileSync(weir, `#!/bin/sh\necho "$@" >>${ran}\nuntil [ -e ${goes} ]; do sleep 0.02; done\n`, { mode: 0o755 });
  const command = script.replaceAll('/usr/local/sbin/weir', weir).replaceAll('/run/weir/', `${folder}/`);
  const start = (): Promise<unknown> => once(spawn('/bin/sh', ['-c', command], { stdio: 'inherit' }), 'exit');
  const first = start();
  while (!existsSync(ran)) await pause(20);
  const others = Array.from({ length: 20 }, start);
  let ended = 0;
  for (const other of others) void other.then(() => ended++);
  while (ended < others.length - 1) await pause(20);
  writeFileSync(goes, '');
  assert.deepEqual(await Promise.all([first, ...others]), Array(21).fill([0, null]));
  assert.equal(readFileSync(ran, 'utf8'), 'load --if-loaded\n'.repeat(2));
});

test('no rule without udev, beside an installed one, or for a path that a rule cannot have; a file of others stays', () => {
  assert.equal(write('/opt/a b/weir'), undefined);
  assert.equal(write('/opt/"$x/weir'), undefined);
  mkdirSync(join(etc, 'udev/rules.d'), { recursive: true });
  writeFileSync(join(etc, 'udev/rules.d/90-weir.rules'), '');
  assert.equal(write(), undefined, 'installed');
  rmSync(etc, { recursive: true });
  mkdirSync(join(run, 'udev/rules.d'));
  writeFileSync(path, '# mine\n');
  assert.equal(write(), undefined);
  assert.equal(removeUdevRule(run), false);
  assert.equal(readFileSync(path, 'utf8'), '# mine\n');
  rmSync(join(run, 'udev'), { recursive: true });
  assert.equal(write(), undefined, 'no udev');
  assert.equal(existsSync(path), false);
});
