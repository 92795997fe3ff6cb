// share/systemd/ipvsadm-service: which commands it runs by which settings. The copy here finds its files below a folder, and stand-ins of the
// commands that write down how they were called; test/package/debian.long.test.ts has it with the real ones.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { read } from '../support/project.js';

const TABLE = '-A -t 192.0.2.1:80 -s wlc\n';
let root = '';
const at = (path: string): string => join(root, path);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'weir-service-'));
  for (const folder of ['etc/default', 'bin']) mkdirSync(at(folder), { recursive: true });
  for (const name of ['ipvsadm', 'ipvsadm-save', 'ipvsadm-restore']) {
    const doing = name === 'ipvsadm-save' ? `printf '%s' '${TABLE}'` : name === 'ipvsadm-restore' ? `cat >>'${root}/calls'` : ':';
    const text = `#!/bin/sh\necho "${name} $*" >>'${root}/calls'\n[ ! -e '${root}/fail-${name}' ] || exit 1\n${doing}\n`;
    writeFileSync(at(`bin/${name}`), text);
    chmodSync(at(`bin/${name}`), 0o755);
  }
  const script = read('share/systemd/ipvsadm-service')
    .replace('/usr/local/sbin', at('bin'))
    .replaceAll(/(?<=[ =])\/etc\//g, `${root}/etc/`);
  writeFileSync(at('service'), script);
});
afterEach(() => rmSync(root, { recursive: true }));

function service(...args: readonly string[]) {
  rmSync(at('calls'), { force: true });
  const { status, stdout, stderr } = spawnSync('sh', [at('service'), ...args], { encoding: 'utf8' });
  const calls = existsSync(at('calls')) ? readFileSync(at('calls'), 'utf8').trimEnd().split('\n') : [];
  return { status, calls, text: `${stdout}${stderr}`.replaceAll(root, '') };
}

const rules = (text: string, path = 'etc/ipvsadm.rules'): void => writeFileSync(at(path), text);
const debian = (text: string): void => writeFileSync(at('etc/default/ipvsadm'), text);

test('without settings it restores at start and clears at stop', () => {
  rules(TABLE);
  assert.deepEqual(service('start'), { status: 0, calls: ['ipvsadm-restore ', TABLE.trimEnd()], text: '' });
  assert.deepEqual(service('reload').calls, ['ipvsadm-restore ', TABLE.trimEnd()]);
  assert.deepEqual(service('stop'), { status: 0, calls: ['ipvsadm -C'], text: '' });
  assert.equal(readFileSync(at('etc/ipvsadm.rules'), 'utf8'), TABLE);
});

test('without a saved table it names the command that saves one', () => {
  const none = { status: 0, calls: [], text: 'there is no saved table: ipvsadm-save -n > /etc/ipvsadm.rules\n' };
  assert.deepEqual(service('start'), none);
  rules('');
  assert.deepEqual(service('start'), none);
});

test('AUTO of Debian decides whose the table is', () => {
  rules(TABLE);
  debian('# ipvsadm\nAUTO="false"\nDAEMON="none"\nIFACE="eth0"\t\n');
  const text = 'AUTO is "false" in /etc/default/ipvsadm: the table stays as it is\n';
  assert.deepEqual(service('start'), { status: 0, calls: [], text });
  assert.deepEqual(service('stop'), { status: 0, calls: [], text });
  debian('AUTO="true"\n');
  assert.deepEqual(service('start').calls, ['ipvsadm-restore ', TABLE.trimEnd()]);
  assert.deepEqual(service('stop').calls, ['ipvsadm -C']);
});

test('the file of Red Hat is read where there is none of Debian, and saved at stop if asked', () => {
  mkdirSync(at('etc/sysconfig'));
  rules('# nothing\n', 'etc/sysconfig/ipvsadm');
  writeFileSync(at('etc/sysconfig/ipvsadm-config'), 'IPVS_SAVE_ON_STOP="yes"\n');
  assert.deepEqual(service('start').calls, ['ipvsadm-restore ', '# nothing']);
  assert.deepEqual(service('stop').calls, ['ipvsadm-save -n', 'ipvsadm -C']);
  assert.equal(readFileSync(at('etc/sysconfig/ipvsadm'), 'utf8'), TABLE);
  rules('# of Debian\n');
  assert.deepEqual(service('start').calls, ['ipvsadm-restore ', '# of Debian']);
});

test('a table that cannot be saved is not cleared, and the saved one stays', () => {
  rules('# before\n');
  debian('IPVS_SAVE_ON_STOP=yes\n');
  writeFileSync(at('fail-ipvsadm-save'), '');
  const { status, calls, text } = service('stop');
  assert.deepEqual([status, calls], [1, ['ipvsadm-save -n']]);
  assert.match(text, /^\/etc\/ipvsadm\.rules stays as it was: the table could not be saved\n$/);
  assert.equal(readFileSync(at('etc/ipvsadm.rules'), 'utf8'), '# before\n');
  assert.equal(existsSync(at('etc/ipvsadm.rules.new')), false);
});

test('synchronisation daemons are started and stopped; without them the table is restored all the same', () => {
  rules(TABLE);
  debian('AUTO=true\nDAEMON=both\nIFACE=eth1\nSYNCID=7\n');
  const master = 'ipvsadm --start-daemon master --mcast-interface eth1 --syncid 7';
  const backup = 'ipvsadm --start-daemon backup --mcast-interface eth1 --syncid 7';
  assert.deepEqual(service('start').calls, ['ipvsadm-restore ', TABLE.trimEnd(), master, backup]);
  assert.deepEqual(service('stop').calls, ['ipvsadm --stop-daemon master', 'ipvsadm --stop-daemon backup', 'ipvsadm -C']);
  writeFileSync(at('fail-ipvsadm'), '');
  const { status, text } = service('start');
  assert.deepEqual(
    [status, text],
    [0, 'the synchronisation daemon (master) was left out\nthe synchronisation daemon (backup) was left out\n'],
  );
});

test('a table that is refused, and a wrong word, are failures', () => {
  rules('-A nonsense\n');
  writeFileSync(at('fail-ipvsadm-restore'), '');
  assert.equal(service('start').status, 1);
  assert.equal(service('reload').status, 1);
  assert.deepEqual(service('begin'), { status: 2, calls: [], text: 'usage: ipvsadm-service start|stop|reload|save\n' });
});
