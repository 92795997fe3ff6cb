// Services of a weir.yaml with checks: weir run serves them, takes out servers that fail, follows a reload, leaves alone what an operator has in
// maintenance, and weir apply leaves them to it.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { askSocket } from '../api/running-weir.js';
import { type Cluster, inCluster, VIP } from '../datapath/cluster.js';
import { station } from '../datapath/live-child.js';
import { ENTRY, type Host, noNamespaces } from '../support/netns-bed.js';
import { ownPidFiles } from '../support/own-pid-files.js';
import { RunningDaemon } from '../support/running-daemon.js';

const skip = noNamespaces();
const service = (servers: string): string =>
  `services:\n  tcp:${VIP}:80:\n    scheduler: rr\n    checks: {delay_loop: 1, TCP_CHECK: {connect_timeout: 1, retry: 1, delay_before_retry: 1}}\n    servers: [${servers}]\n`;
const plainService = `  tcp:${VIP}:81: {servers: [10.8.2.11]}\n`;

/** Servers with their weights, as in the table. */
function tableOf(lvs: Host): readonly string[] {
  return [...lvs.weir('export --all --format ipvsadm').stdout.matchAll(/^-a -t (\S+) -r (\S+) .*-w (\d+)/gm)].map(
    ([, of, server, weight]) => `${of} ${server} ${weight}`,
  );
}

/** What is changed by hand is a difference, and a server that is down is none. */
function comparesByHand(lvs: Host, yaml: string): void {
  assert.deepEqual([lvs.weir(`diff ${yaml}`).status, lvs.weir(`apply ${yaml}`).status], [0, 0]);
  const weight = (value: number): unknown => lvs.ipvsadm(`-e -t ${VIP}:80 -r 10.8.2.11 -m -w ${value}`);
  weight(9);
  const byHand = lvs.weir(`diff ${yaml}`);
  assert.deepEqual([byHand.status, byHand.stdout], [4, `  ! server 10.8.2.11:80 of tcp:${VIP}:80: weight 1 → 9\n`]);
  weight(1);
  assert.equal(lvs.weir(`diff ${yaml}`).status, 0);
}

/** The file states the service otherwise than the daemon runs with. */
function namesReload(lvs: Host, yaml: string): void {
  const otherwise = new RegExp(
    `tcp:${VIP}:80: weir run \\(process \\d+\\), which checks its servers, runs with it otherwise — fix: weir reload`,
  );
  for (const verb of ['plan', 'apply']) {
    const { status, stderr } = lvs.weir(`${verb} ${yaml}`);
    assert.equal(status, 4);
    assert.match(stderr, otherwise);
  }
  assert.match(lvs.weir(`diff ${yaml}`).stdout, otherwise);
  // Without the service: in the file that the daemon runs with, and in another one.
  const [whole, other] = [readFileSync(yaml, 'utf8'), `${yaml}.other.yaml`];
  for (const path of [yaml, other]) writeFileSync(path, `services:\n${plainService}`);
  const gone = lvs.weir(`plan ${yaml}`);
  assert.match(gone.stderr, /which checks its servers, has it, and the file does not — fix: weir reload/);
  assert.deepEqual([gone.status, lvs.weir(`plan ${other}`).stderr], [4, '']);
  // A reload reads the daemon's own file: another one has to go into it first.
  writeFileSync(other, whole);
  const elsewhere = lvs.weir(`plan ${other}`).stderr;
  assert.ok(elsewhere.endsWith(`runs with it otherwise, as ${yaml} had it — fix: put it into ${yaml}, then weir reload\n`), elsewhere);
  writeFileSync(yaml, whole);
}

/** A server that its checks have taken out can be drained: it comes back without new connections. */
async function holdsWhatIsOut(
  { bed, lvs, web2 }: Pick<Cluster, 'bed' | 'lvs' | 'web2'>,
  socket: string,
  daemon: RunningDaemon,
): Promise<void> {
  daemon.signal('SIGHUP');
  const isOut = /^ {2}not +10\.8\.2\.12:80 +out by its checks: TCP_CHECK /m;
  await daemon.until('the server out', () => isOut.test(lvs.weir(`explain --from 10.8.1.10:5000 --to ${VIP}:80`).stdout) || undefined);
  const state = { state: 'maintenance', reason: 'before it comes back' };
  const put = await askSocket(socket, 'PUT', '/v1/overrides/10.8.2.12', state, { 'if-match': '*' });
  assert.equal(put.status, 200, put.text);
  assert.equal((await askSocket(socket, 'DELETE', '/v1/overrides/10.8.2.12', undefined, { 'if-match': '*' })).status, 204);
  const dry = lvs.weir('drain 10.8.2.12 --dry-run');
  assert.deepEqual([dry.status, dry.stderr], [0, '']);
  assert.equal((await askSocket(socket, 'POST', '/v1/drains?dry_run=true', { target: '10.8.2.12' })).status, 200);
  assert.match(lvs.weir('drain 10.8.2.13').stderr, /the table has no 10\.8\.2\.13 .*weir stats health/);
  const drained = lvs.weir('drain 10.8.2.12 --deadline 1m');
  assert.equal(drained.status, 0, drained.stderr);
  const serving = web2.serve(bed, station('echo', 80));
  const row = (): string | undefined => /-> 10\.8\.2\.12:80 +Masq +(\d+)/.exec(lvs.ipvsadm('-Ln').stdout)?.[1];
  await serving;
  assert.equal(await daemon.until('the server', row), '0');
  assert.equal(lvs.weir('drain cancel d1').status, 0);
  assert.equal(row(), '3');
}

const TAKEN_OUT = /^WARN +real server 10\.8\.2\.12:80 of TCP 10\.8\.1\.100:80 is not in the table: its health check fails: TCP_CHECK /m;

test('servers of a weir.yaml are checked by weir run', { skip }, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-checked-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const [yaml, conf, socket, checkers] = ['weir.yaml', 'keepalived.conf', 'api.sock', 'checkers.pid'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
    string,
  ];
  const api = `api: {write_socket: ${socket}, read_socket: ${join(folder, 'read.sock')}}\n`;
  writeFileSync(conf, 'global_defs {\n  router_id checked\n}\n');
  await inCluster(async ({ bed, lvs, web1, web2 }) => {
    await web1.serve(bed, station('echo', 80));
    writeFileSync(yaml, api + service('10.8.2.11, {address: 10.8.2.12, weight: 3}'));
    const files = ['--weir-config', yaml, '-f', conf, '-p', join(folder, 'pid'), '-c', checkers, '-r', join(folder, 'vrrp.pid')];
    const words = [process.execPath, ENTRY, 'weir', 'run', ...files, '-n', '-l', '-D', '-G'];
    const daemon = new RunningDaemon(['ip', 'netns', 'exec', lvs.namespace, ...words]);
    bed.atEnd(() => daemon.stop());
    const table = (...wanted: readonly string[]): Promise<true> =>
      daemon.until(`the table ${wanted.join(', ')}`, () => tableOf(lvs).join() === wanted.join() || undefined) as Promise<true>;
    await daemon.logged(/Removing service \[10\.8\.2\.12\]:tcp:80/);
    await table(`${VIP}:80 10.8.2.11:80 1`);

    assert.match(lvs.weir('doctor').stdout, TAKEN_OUT);
    const shown = lvs.weir(`plan ${yaml}`);
    assert.equal(shown.status, 0, shown.stdout);
    assert.match(shown.stdout, /tcp:10\.8\.1\.100:80 stays as it is: weir run \(process \d+\), which checks its servers/);
    const reload = lvs.weir('plan').stdout;
    assert.match(reload, /^a reload of weir run \(process \d+, \S+keepalived\.conf and \S+weir\.yaml\) with /);
    assert.match(reload, /nothing changes/);
    comparesByHand(lvs, yaml);

    writeFileSync(yaml, api + service('{address: 10.8.2.11, weight: 5}') + plainService);
    namesReload(lvs, yaml);
    await table(`${VIP}:80 10.8.2.11:80 1`, `${VIP}:81 10.8.2.11:81 1`);
    assert.doesNotMatch(lvs.weir('plan').stdout, /is not of the file/);
    assert.match(lvs.weir('plan').stdout, /weight 1 → 5/);
    daemon.signal('SIGHUP');
    await table(`${VIP}:80 10.8.2.11:80 5`, `${VIP}:81 10.8.2.11:81 1`);
    for (const verb of ['plan', 'apply', 'diff']) assert.equal(lvs.weir(`${verb} ${yaml}`).status, 0, verb);

    // Its rights, and those of what it starts: docs/security.md.
    const [, pid] = /pid=(\d+)/.exec(await daemon.logged(/Starting API child process, pid=/)) ?? [];
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    for (const name of ['CapPrm', 'CapEff', 'CapBnd']) assert.match(status, new RegExp(`^${name}:\\s000000c000083405$`, 'm'));
    assert.match(status, /^NoNewPrivs:\s1$/m);
    assert.equal((await askSocket(socket, 'GET', '/v1/doctor')).status, 200);

    const override = async (method: string, body?: unknown): Promise<number> =>
      (await askSocket(socket, method, '/v1/overrides/10.8.2.11', body, { 'if-match': '*' })).status;
    assert.equal(await override('PUT', { state: 'maintenance', reason: 'a test', allow_empty: true }), 200);
    await daemon.logged(/Maintenance of service \[10\.8\.2\.11\]:tcp:80 .*: its health checks wait/);
    const killed = Number(readFileSync(checkers, 'utf8'));
    process.kill(killed, 'SIGKILL');
    await daemon.until('the next process', () => /1 in maintenance/.test(lvs.weir('stats health').stdout) || undefined);
    assert.match(lvs.weir('metrics').stdout, /^weir_checks_waiting\{reason="maintenance"\} 1$/m);
    assert.equal(await override('DELETE'), 204);
    await daemon.logged(/Maintenance of service \[10\.8\.2\.11\]:tcp:80 .* is over/);
    await table(`${VIP}:80 10.8.2.11:80 5`, `${VIP}:81 10.8.2.11:81 1`);
    writeFileSync(yaml, api + service('10.8.2.11, {address: 10.8.2.12, weight: 3}') + plainService);
    await holdsWhatIsOut({ bed, lvs, web2 }, socket, daemon);
  });
});

test('weir run names what of its file it does not put on this host, and takes what it checks away when it ends', {
  skip,
}, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-partly-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const yaml = join(folder, 'weir.yaml');
  await inCluster(async ({ bed, lvs, web1 }) => {
    await web1.serve(bed, station('echo', 80));
    writeFileSync(join(folder, 'keepalived.conf'), '');
    writeFileSync(yaml, `api: {enabled: false}\nvips: {10.8.1.101: eth0}\n${service('10.8.2.11')}${plainService}`);
    const words = ['run', '--weir-config', yaml, '-f', join(folder, 'keepalived.conf'), '-n', '-l', '-D', '-G'];
    let starts = 0;
    const started = (...options: readonly string[]): RunningDaemon => {
      starts += 1; // Processes of one that was killed may have its pid files for a moment.
      const own = [...words, ...ownPidFiles(folder, String(starts)), ...options];
      const one = new RunningDaemon(['ip', 'netns', 'exec', lvs.namespace, process.execPath, ENTRY, 'weir', ...own]);
      bed.atEnd(() => one.stop());
      return one;
    };
    const daemon = started();
    const missing = (what: string): Promise<string> =>
      daemon.logged(new RegExp(`${yaml}: not on this host, and weir run does not put it there: ${what} — fix: weir apply ${yaml} `));
    await missing(`tcp:${VIP}:81, 10\\.8\\.1\\.101 on eth0`);
    assert.equal(lvs.ipvsadm(`-A -t ${VIP}:81`).status, 0);
    daemon.signal('SIGHUP');
    await missing('10\\.8\\.1\\.101 on eth0');
    const isNot = new RegExp(`of ${yaml}.* is not on this host: 10\\.8\\.1\\.101 on eth0`);
    for (const verb of ['status', 'doctor']) assert.match(lvs.weir(verb).stdout, isNot, verb);
    assert.equal(lvs.weir(`apply ${yaml}`).status, 0);
    assert.equal(lvs.weir(`plan ${yaml}`).status, 0);
    for (const verb of ['status', 'doctor']) assert.doesNotMatch(lvs.weir(verb).stdout, /is not on this host: /, verb);

    const [own, other] = [`${VIP}:80 10.8.2.11:80 1`, `${VIP}:81 10.8.2.11:81 1`];
    const table = (by: RunningDaemon, ...wanted: readonly string[]): Promise<true> =>
      by.until(`the table ${wanted.join(', ')}`, () => tableOf(lvs).toSorted().join() === wanted.join() || undefined) as Promise<true>;
    await table(daemon, own, other);
    daemon.signal('SIGKILL');
    await table(daemon, other);
    const next = started();
    await table(next, own, other);
    next.signal('SIGTERM');
    await table(next, other);
    const keeping = started('-I');
    await table(keeping, own, other);
    keeping.signal('SIGTERM');
    await keeping.ended();
    assert.deepEqual(tableOf(lvs).toSorted(), [own, other]);
    assert.match(lvs.run(['ip', 'address']).stdout, / 10\.8\.1\.101\/32 /);
  });
});
