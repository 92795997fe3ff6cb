// What a host may do to its health checks: a full disk, an address that goes, a relay and scripts that are missing. Servers keep their
// place, each trouble is logged when it comes and when it changes, and the daemon goes on.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { after, afterEach, before, test } from 'node:test';
import { unlessCode } from '../../src/sys/errno.js';
import { HealthCheckBed, TIMING, VIP, WEB_ADDRESSES, type Web } from '../support/health-check-bed.js';
import { noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import type { RunningDaemon } from '../support/running-daemon.js';

const skip = noNamespaces() || noTools('nginx', 'curl');

const tcp = (own = ''): string => `TCP_CHECK {\nconnect_timeout 5\n${TIMING}\n${own}}\n`;
const real = (web: Web, check: string, own = ''): string => `real_server ${WEB_ADDRESSES[web]} 80 {\nweight 1\n${check}${own}}\n`;
const conf = (web1: string, web2: string, own = ''): string =>
  `virtual_server ${VIP} 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n${own}${web1}${web2}}\n`;

let bed: HealthCheckBed;
let daemon: RunningDaemon | undefined;

before(() => {
  if (skip === false) bed = new HealthCheckBed('ah');
});
afterEach(async () => {
  await daemon?.stop();
  daemon = undefined;
});
after(async () => {
  if (skip === false) await bed.close();
});

/** web2 goes, and comes back. */
async function flap(running: RunningDaemon, times: number): Promise<void> {
  for (let time = 0; time < times; time++) {
    await bed.stopWeb('web2');
    await bed.serves(running, 'web1 1');
    await bed.startWeb('web2');
    await bed.serves(running, 'web1 1', 'web2 1');
  }
}

/** Memory that a process holds of its own, KiB. */
const residentKib = (pid: number): number => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

test('a full disk: the table follows the servers, and what cannot be kept is logged once', { skip }, async () => {
  await bed.freshWebs();
  const small =
    'mkdir -p /run/weir/health /run/weir/small && for d in health small; do mount -t tmpfs -o size=64k tmpfs /run/weir/$d; done';
  const running = bed.start(conf(real('web1', tcp()), real('web2', tcp())), small, '-g', '/run/weir/small/log');
  daemon = running;
  await running.logged(/^Startup complete$/);
  await bed.serves(running, 'web1 1', 'web2 1');
  const place = (folder: string): string => `/proc/${running.pid}/root/run/weir/${folder}`;
  const fill = (): void => {
    for (const folder of ['health', 'small']) {
      try {
        writeFileSync(`${place(folder)}/fill`, Buffer.alloc(1 << 20));
        assert.fail('the disk is not full');
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
      }
    }
  };
  const from = running.lines.length;
  fill();
  const checker = bed.checkerPid();
  await flap(running, 3);
  // A write that follows another waits: for as much time again as the one before took, and more on a slow machine.
  await running.logged(/health of servers cannot be kept for a restart: .*ENOSPC/, from);
  assert.equal(running.count(/cannot be kept/, from), 1, running.lines.slice(from).join('\n'));
  for (const folder of ['health', 'small']) rmSync(`${place(folder)}/fill`);
  const written = (): number => Math.max(0, ...readdirSync(place('health')).map((name) => statSync(`${place('health')}/${name}`).mtimeMs));
  const before = written();
  await flap(running, 1);
  await running.until('health kept again', () => written() > before);
  assert.equal(running.count(/cannot be kept/, from), 1);
  fill();
  await flap(running, 1);
  await running.until('a new trouble', () => running.count(/cannot be kept/, from) === 2);
  assert.equal(bed.checkerPid(), checker);
  assert.equal(await running.stop(), 0);
  rmSync('/run/weir/small', { recursive: true, force: true });
});

test('the address that a check asks from goes and comes back: no server leaves', { skip }, async () => {
  await bed.freshWebs();
  bed.director.ip('addr add 10.98.0.9/24 dev eth1');
  const bound = tcp('bindto 10.98.0.9\n');
  const running = bed.start(conf(real('web1', tcp()), real('web2', bound)));
  daemon = running;
  await running.logged(/^Startup complete$/);
  await running.until('both checks', () => running.count(/^TCP connection to .* success\.$/) === 2);
  const from = running.lines.length;
  bed.director.ip('addr del 10.98.0.9/24 dev eth1');
  await running.logged(/^Checker bind failed: /, from);
  const without = Date.now();
  await running.until('several rounds', () => Date.now() > without + 4000);
  assert.deepEqual(bed.servers(), ['web1 1', 'web2 1']);
  assert.equal(running.count(/^Checker bind failed: /, from), 1, running.lines.slice(from).join('\n'));
  await bed.stopWeb('web2');
  bed.director.ip('addr add 10.98.0.9/24 dev eth1');
  await running.logged(/^Removing service .*10\.98\.0\.12/, from);
  await bed.startWeb('web2');
  await bed.serves(running, 'web1 1', 'web2 1');
  const again = running.lines.length;
  bed.director.ip('addr del 10.98.0.9/24 dev eth1');
  await running.logged(/^Checker bind failed: /, again);
  assert.deepEqual(bed.servers(), ['web1 1', 'web2 1']);
});

test('a dead relay, missing scripts and a MISC_CHECK that forks: each logged once, and the daemon goes on', { skip }, async () => {
  await bed.freshWebs();
  const pids = bed.file('pids');
  const forks = bed.file('forks.sh');
  writeFileSync(
    forks,
    `#!/bin/sh\ntrap '' TERM\necho $$ >> ${pids}\n[ "$1" -gt 0 ] && { setsid sh $0 $(($1 - 1)) & setsid sh $0 $(($1 - 1)) & }\nwhile :; do sleep 1; done\n`,
    { mode: 0o755 },
  );
  const misc = `MISC_CHECK {\nmisc_path "${forks} 4"\nmisc_timeout 2\n${TIMING}\n}\n`;
  const missing = 'notify_up /nowhere/up.sh\nnotify_down /nowhere/down.sh\n';
  const mails =
    'global_defs {\nscript_user root\nnotification_email {\nops@example.org\n}\nnotification_email_from a@example.org\nsmtp_server 127.0.0.1 2525\nsmtp_connect_timeout 1\n}\n';
  const running = bed.start(
    `${mails}${conf(real('web1', tcp()), real('web2', tcp(), missing))}virtual_server ${VIP} 81 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n${real('web1', misc)}}\n`,
  );
  daemon = running;
  await running.logged(/^Startup complete$/);
  await running.logged(/Misc check for .* timed out/);
  const memory = residentKib(bed.checkerPid());
  await flap(running, 3);
  assert.equal(running.count(/^Mail was not sent: /), 1, running.lines.join('\n'));
  for (const script of ['up', 'down'])
    assert.equal(running.count(new RegExp(`^Script /nowhere/${script}\\.sh cannot be accessed`)), 1, running.lines.join('\n'));
  const grown = residentKib(bed.checkerPid()) - memory;
  assert.ok(grown < 64 * 1024, `${grown} KiB more`);
  assert.equal(await running.stop(), 0);
  const lineOf = (pid: string): string => unlessCode(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'), ['ENOENT', 'ESRCH'], '');
  const alive = (): readonly string[] =>
    readFileSync(pids, 'utf8')
      .trim()
      .split('\n')
      .filter((pid) => lineOf(pid).includes('forks.sh'));
  // What was killed may still be ending.
  await running.until('the end of all of the script', () => alive().length === 0);
});
