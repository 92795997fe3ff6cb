import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { root as checkout, read } from '../../../test/support/project.js';
import type { Run } from '../../cli/command.js';
import { runInstall, runUninstall } from '../../cli/commands/install.js';
import { commands } from '../../cli/commands.js';
import { memoryIo } from '../../cli/io.js';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'weir-install-'));
  for (const folder of ['etc/systemd', 'etc/udev', 'etc/rsyslog.d']) mkdirSync(join(root, folder), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

const at = (path: string): string => join(root, path);
const exists = (path: string): boolean => lstatSync(at(path), { throwIfNoEntry: false }) !== undefined;
const LINKS = ['weir', 'ipvsadm', 'ipvsadm-save', 'ipvsadm-restore', 'tcpvsadm'].map((name) => `usr/local/sbin/${name}`);
const RULE = 'etc/udev/rules.d/90-weir.rules';
const UNIT = 'etc/systemd/system/ipvsadm.service';
const BESIDE_FIREWALLS = ['nftables', 'netfilter-persistent', 'iptables', 'ip6tables', 'firewalld', 'ufw'].map(
  (service) => `etc/systemd/system/${service}.service.d/weir.conf`,
);
const ALL = [
  ...LINKS,
  RULE,
  UNIT,
  'usr/local/lib/weir/ipvsadm-service',
  'etc/systemd/system/weir-firewall.service',
  'etc/systemd/system/weir-apply.service',
  'etc/systemd/system/weir-run.service',
  'etc/systemd/system/weir-switch.service',
  'etc/systemd/system/weir-sync.service',
  'usr/local/lib/weir/follow-firewall',
  ...BESIDE_FIREWALLS,
];
const KEEPALIVED = [
  'usr/local/sbin/keepalived',
  'usr/local/sbin/genhash',
  'etc/systemd/system/keepalived.service',
  'etc/rsyslog.d/10-keepalived.conf',
];

async function run(what: Run, ...args: readonly string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const io = memoryIo();
  const status = await what([...args, '--root', root], io);
  return { status, stdout: io.stdout, stderr: io.stderr };
}
const install = (...args: readonly string[]) => run(runInstall(commands), ...args);
const uninstall = (...args: readonly string[]) => run(runUninstall(commands), ...args);

test('installed twice is installed once; uninstalled, nothing is left', async () => {
  const planned = await install('--dry-run');
  assert.deepEqual(ALL.filter(exists), []);
  const { status, stdout, stderr } = await install();
  assert.deepEqual([status, stderr, stdout], [0, '', planned.stdout]);
  assert.deepEqual(ALL.filter(exists), ALL);
  assert.equal(stdout.trim().split('\n').length, ALL.length);
  assert.equal(readlinkSync(at('usr/local/sbin/ipvsadm')), join(checkout, 'bin/ipvsadm'));
  const [first = '', ...rest] = readFileSync(at(RULE), 'utf8').split('\n');
  assert.match(first, /^# Installed by weir install \([0-9a-f]{16}\); weir uninstall removes it\.$/);
  assert.equal(rest.join('\n'), read('share/udev/90-weir.rules'));
  assert.deepEqual(await install(), { status: 0, stdout: 'all of it is installed already\n', stderr: '' });
  assert.deepEqual(KEEPALIVED.filter(exists), []);
  assert.equal((await uninstall('--dry-run')).stdout.trim().split('\n').length, ALL.length);
  assert.deepEqual(ALL.filter(exists), ALL);
  assert.equal((await uninstall()).status, 0);
  assert.deepEqual([...ALL, ...BESIDE_FIREWALLS.map(dirname)].filter(exists), []);
  assert.deepEqual(await uninstall(), { status: 0, stdout: 'nothing of it is installed\n', stderr: '' });
});

test('--keepalived adds the daemon, --rsyslog its log; uninstall takes it along', async () => {
  await install();
  assert.equal((await install('--keepalived')).stdout.trim().split('\n').length, KEEPALIVED.length - 1);
  assert.match((await install('--rsyslog')).stdout, /^\S+10-keepalived\.conf\n$/);
  assert.deepEqual(KEEPALIVED.filter(exists), KEEPALIVED);
  await uninstall();
  assert.deepEqual([...ALL, ...KEEPALIVED].filter(exists), []);
});

test('files and links of others are refused before anything is written, and stay when weir goes', async () => {
  mkdirSync(at('etc/udev/rules.d'));
  writeFileSync(at(RULE), '# mine\n');
  mkdirSync(at('usr/local/sbin'), { recursive: true });
  symlinkSync('/usr/sbin/ipvsadm', at('usr/local/sbin/ipvsadm'));
  const { status, stdout, stderr } = await install();
  assert.deepEqual([status, stdout], [1, '']);
  assert.match(stderr, /^weir install: \S+ipvsadm, \S+90-weir\.rules: not weir's; nothing was installed . fix: move it away[^\n]*\n$/);
  assert.deepEqual(ALL.filter(exists), ['usr/local/sbin/ipvsadm', RULE]);
  assert.equal((await uninstall()).stdout, 'nothing of it is installed\n');
  assert.equal(readFileSync(at(RULE), 'utf8'), '# mine\n');
  assert.equal(readlinkSync(at('usr/local/sbin/ipvsadm')), '/usr/sbin/ipvsadm');
});

test('what was changed by hand is neither overwritten nor removed', async () => {
  await install();
  appendFileSync(at(UNIT), '# edited\n');
  const { status, stderr } = await install();
  assert.equal(status, 1);
  assert.match(stderr, /ipvsadm\.service: changed since weir installed it/);
  const gone = await uninstall();
  assert.match(gone.stderr, /ipvsadm\.service stays: it was changed by hand\n$/);
  assert.deepEqual(ALL.filter(exists), [UNIT]);
});

test('files copied by hand, links of another checkout and an older text become those of this one', async () => {
  const other = at('opt/weir');
  for (const folder of ['bin', 'dist']) mkdirSync(join(other, folder), { recursive: true });
  for (const name of ['weir', 'ipvsadm']) writeFileSync(join(other, 'bin', name), '');
  for (const path of [RULE, LINKS[0] ?? '']) mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(RULE), read('share/udev/90-weir.rules'));
  symlinkSync(join(other, 'bin/ipvsadm'), at('usr/local/sbin/ipvsadm'));
  assert.equal((await install()).status, 0);
  assert.equal(readlinkSync(at('usr/local/sbin/ipvsadm')), join(checkout, 'bin/ipvsadm'));
  assert.match(readFileSync(at(RULE), 'utf8'), /^# Installed by weir/);
});

test('where there is no systemd or udev, their files are left out, which is reported', async () => {
  for (const folder of ['systemd', 'udev']) rmSync(at(`etc/${folder}`), { recursive: true });
  const { status, stderr } = await install();
  assert.equal(status, 0);
  const kept = ALL.filter((path) => LINKS.includes(path) || path.startsWith('usr/local/lib/weir/'));
  assert.equal(stderr.match(/left out: there is no/g)?.length, ALL.length - kept.length);
  assert.deepEqual(ALL.filter(exists), kept, 'what another init calls is there');
});

test('manual and completion come where their readers are, those of keepalived with it', async () => {
  for (const folder of ['man', 'bash-completion', 'zsh']) mkdirSync(at(`usr/share/${folder}`), { recursive: true });
  await install();
  const page = readFileSync(at('usr/local/share/man/man8/ipvsadm.8'), 'utf8');
  assert.match(page, /^\.\\" Installed by weir install \([0-9a-f]{16}\); weir uninstall removes it\.\n\.TH IPVSADM 8 /);
  const zsh = readFileSync(at('usr/local/share/zsh/site-functions/_weir'), 'utf8').split('\n');
  assert.match(zsh[0] ?? '', /^#compdef weir /);
  assert.match(zsh[1] ?? '', /^# Installed by weir install/);
  const completion = at('usr/local/share/bash-completion/completions');
  const loaded = spawnSync('bash', ['--norc', '-uc', `. ${completion}/ipvsadm; complete -p weir ipvsadm`], { encoding: 'utf8' });
  assert.deepEqual(loaded, { ...loaded, status: 0, stderr: '' });
  const ofKeepalived = ['usr/local/share/man/man5/keepalived.conf.5', 'usr/local/share/bash-completion/completions/keepalived'];
  assert.deepEqual(ofKeepalived.filter(exists), []);
  await install('--keepalived');
  assert.deepEqual(ofKeepalived.filter(exists), ofKeepalived);
  assert.equal((await install('--keepalived')).stdout, 'all of it is installed already\n');
  appendFileSync(at('usr/local/share/zsh/site-functions/_weir'), '# edited\n');
  const { stderr } = await uninstall();
  assert.match(stderr, /^weir uninstall: \S+_weir stays: it was changed by hand\n$/);
  assert.deepEqual(readdirSync(completion), []);
});

test('the unit by the name that it had before is removed, if it was not changed', async () => {
  const before = 'etc/systemd/system/weir.service';
  const wants = 'etc/systemd/system/multi-user.target.wants/weir.service';
  const text = '[Unit]\nDescription=Virtual services of weir\n';
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 16);
  mkdirSync(dirname(at(wants)), { recursive: true });
  writeFileSync(at(before), `# Installed by weir install (${digest}); weir uninstall removes it.\n${text}`);
  symlinkSync(`/${before}`, at(wants));
  const { stderr } = await install();
  assert.match(stderr, /weir\.service has another name now, and is gone: systemctl enable ipvsadm\n$/);
  assert.deepEqual([before, wants].filter(exists), []);
  writeFileSync(at(before), '# mine\n');
  await install();
  await uninstall();
  assert.deepEqual([before, ...ALL].filter(exists), [before]);
});
