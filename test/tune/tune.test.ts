// weir tune on a host in a namespace: shown, applied, given back exactly, also after a kill in the middle; files for the next boot; clocks.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { breadth, test } from '../support/breadth.js';
import { Bed, type Host, noNamespaces } from '../support/netns-bed.js';

const on = { skip: noNamespaces() };
const bed = new Bed();
const folder = bed.folder('weir-tune-');
let server: Host;
let other: Host;

/** Every sysctl of the namespace that can be read, but for those that move by themselves. */
const everything = (): string =>
  server.run(['sh', '-c', "sysctl -a 2>/dev/null | grep '^net[.]' | grep -v -e nf_conntrack_count -e '[.]dad_' -e stable_secret"]).stdout;

before(() => {
  if (on.skip) return;
  const lan = bed.lan('lan');
  server = bed.host('server');
  other = bed.host('other');
  bed.cable(server, 'eth0', lan, '10.76.0.1/24');
  bed.cable(other, 'eth0', lan, '10.76.0.2/24');
  // One interface forwards by itself: the kernel's change of ip_forward must not lose that.
  server.sysctl('net.ipv4.conf.eth0.forwarding', '1');
});
after(() => bed.close());

test('apply changes what differs in this namespace alone, diff is an exit status, and undo gives back exactly what was', on, () => {
  const untouched = everything();
  const options = 'tune --role director,realserver --forwarding on';
  assert.equal(server.weir(`${options} --diff`).status, 4);
  const applied = server.weir(`${options} --apply`);
  assert.deepEqual([applied.status, applied.stderr], [0, '']);
  assert.match(applied.stdout, /^net\.ipv4\.ip_forward = 1$/m);
  assert.deepEqual([server.sysctl('net.ipv4.tcp_fin_timeout'), server.sysctl('net.ipv4.ip_forward')], ['30', '1']);
  assert.equal(other.sysctl('net.ipv4.tcp_fin_timeout'), '60');
  const same = server.weir(`${options} --diff`);
  assert.deepEqual([same.status, same.stdout], [0, 'as wanted\n']);
  assert.equal(server.weir(`${options} --apply`).stdout, 'all as wanted already\n');
  const undone = server.weir('tune --undo');
  assert.deepEqual([undone.status, undone.stderr], [0, '']);
  assert.equal(everything(), untouched);
  assert.equal(server.weir('tune --undo').stdout, 'nothing to give back\n');
});

function killed(verb: string, count: number): boolean {
  const { stdout } = server.run([process.execPath, fileURLToPath(new URL('killed-tune.js', import.meta.url)), verb, String(count)]);
  assert.match(stdout, /^(killed|no write left)\n$/);
  return stdout === 'killed\n';
}

/** Kills apply after `count` writes, then an undo after as many; false: there are no more. */
function killBoth(count: number): boolean {
  const untouched = everything();
  const more = killed('apply', count);
  killed('undo', count);
  assert.equal(server.weir('tune --undo').status, 0);
  assert.equal(everything(), untouched, `killed after ${count} writes`);
  return more;
}

test('an apply and an undo that were killed are given back exactly', on, () => assert.ok(killBoth(2)));
breadth('whatever number of writes they had made', { ...on, timeout: 600_000 }, () => {
  let count = 0;
  while (killBoth(count)) count += 1;
  assert.ok(count > 3);
});

test('what was changed after weir stays, and is named', on, () => {
  server.weir('tune --role realserver --only net.ipv4.tcp_fin_timeout --apply');
  server.sysctl('net.ipv4.tcp_fin_timeout', '45');
  const undone = server.weir('tune --undo');
  assert.equal(undone.status, 1);
  assert.match(undone.stderr, /^weir tune: net\.ipv4\.tcp_fin_timeout stays 45: weir had set 30, .*; before weir it was 60$/m);
  assert.equal(server.sysctl('net.ipv4.tcp_fin_timeout'), '45');
  server.sysctl('net.ipv4.tcp_fin_timeout', '60');
});

test('the table shows each key with now, wanted, why and harm; what is of the host, absent or refused is a line', on, () => {
  const { stdout, status } = server.weir('tune --role realserver');
  assert.equal(status, 0);
  assert.match(stdout, /^net\.ipv4\.tcp_fin_timeout = 60, wanted: 30\n {4}why: {2}\S.*\n {4}harm: \S/m);
  assert.match(stdout, /^vm\.swappiness(?: = \d+, wanted: 10: of the whole host, and not of this network namespace| = \d+)$/m);
  assert.match(stdout, /^never: net\.ipv4\.tcp_tw_recycle: Linux has no such key since 4\.12/m);
  const json = JSON.parse(server.weir('tune --role director --json').stdout);
  assert.deepEqual(json.settings.find(({ key }: { key: string }) => key === 'net.core.netdev_budget').state, 'of-host');
  assert.ok(json.idle.includes('net.ipv4.tcp_syncookies'));
  const refused = server.weir('tune --role realserver --only net.ipv4.tcp_tw_recycle --apply');
  assert.deepEqual([refused.status, /is never set: .*behind NAT/.test(refused.stderr)], [2, true]);
  assert.match(server.weir('tune --role realserver --only net.ipv4.tcp_fin_timeot').stderr, /fix: net\.ipv4\.tcp_fin_timeout/);
});

test('persist writes a file of its own, names others that differ, and undo removes it', on, () => {
  const untouched = everything();
  mkdirSync(join(folder, 'etc/sysctl.d'), { recursive: true });
  writeFileSync(join(folder, 'etc/sysctl.d/99-site.conf'), '# ours\nnet.ipv4.tcp_fin_timeout = 90\n');
  const options = `tune --role realserver --persist --root ${folder}`;
  const { status, stdout, stderr } = server.weir(`${options} --apply`);
  assert.equal(status, 0);
  assert.match(stdout, /^wrote \S+\/etc\/sysctl\.d\/60-weir-realserver\.conf$/m);
  assert.match(stderr, /^weir tune: \/etc\/sysctl\.d\/99-site\.conf:2: net\.ipv4\.tcp_fin_timeout = 90, and not 30: it is read after/m);
  const file = join(folder, 'etc/sysctl.d/60-weir-realserver.conf');
  assert.equal(server.run(['sysctl', '-q', '-p', file]).status, 0);
  assert.equal(server.weir(`${options} --diff`).status, 0);
  writeFileSync(file, readFileSync(file, 'utf8').replace('30', '31'));
  assert.equal(server.weir(`${options} --diff`).status, 4);
  assert.match(server.weir(`tune --undo --persist --root ${folder}`).stdout, /^removed /m);
  assert.deepEqual(readdirSync(join(folder, 'etc/sysctl.d')), ['99-site.conf']);
  assert.equal(everything(), untouched);
});

test('doctor reports a value that does damage, and its fix works', on, () => {
  server.sysctl('net.ipv4.tcp_syncookies', '0');
  const doctor = () => JSON.parse(server.weir('doctor --role rs --json').stdout) as { findings: { code: string; fix: string }[] };
  const found = doctor().findings.find(({ code }) => code === 'tuning-harmful');
  assert.equal(found?.fix, 'weir tune --role realserver --only net.ipv4.tcp_syncookies --apply');
  assert.equal(server.weir(found.fix.replace(/^weir /, '')).status, 0);
  assert.equal(server.sysctl('net.ipv4.tcp_syncookies'), '1');
  server.weir('tune --undo');
  server.sysctl('net.ipv4.tcp_syncookies', '1');
});

test('clocks are compared by ICMP; a host that does not answer is named', on, () => {
  const same = server.weir('tune --clocks 10.76.0.2');
  assert.match(same.stdout, /^10\.76\.0\.2 [+-]0\.0\d\d s \(± 0\.\d{3} s\)$/m);
  assert.equal(same.status, 0);
  const silent = server.weir('tune --clocks 10.76.0.2 10.76.0.77 192.0.2.1');
  assert.equal(silent.status, 1);
  assert.match(silent.stdout, /^192\.0\.2\.1: cannot be asked: /m);
  assert.match(silent.stdout, /^10\.76\.0\.77: (no answer to a timestamp request|cannot be asked)/m);
});
