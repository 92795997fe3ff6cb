// weir plan beside a daemon with live connections: what it prints is what the reload then does, and no connection is lost.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Plan } from '../../src/control/plan/plan.js';
import { Bpffs } from '../../src/datapath/ebpf/pins/bpffs.js';
import { projectRoot } from '../../src/lab/state/paths.js';
import { native } from '../../src/sys/addon.js';
import { type Cluster, inCluster, ipvsadm, rows, until, VIP } from '../datapath/cluster.js';
import { station } from '../datapath/live-child.js';
import { allAnswered, begun } from '../datapath/traffic.js';
import { breadth, test } from '../support/breadth.js';
import { type Host, noNamespaces, type Ran } from '../support/netns-bed.js';
import { RunningDaemon } from '../support/running-daemon.js';

const skip = noNamespaces();
const program = join(projectRoot(), 'bin/keepalived');
/** The installed program: it starts in a fraction of the time. */
const weir = (lvs: Host, words: string): Ran =>
  lvs.run([join(projectRoot(), 'bin/weir'), ...words.split(' ').filter((word) => word !== '')]);

const real = (host: number, weight: number): string => `real_server 10.8.2.${host} 80 {\nweight ${weight}\n}\n`;
const service = (protocol: 'TCP' | 'UDP', reals: readonly string[], scheduler = 'wrr'): string =>
  `virtual_server ${VIP} 80 {\nlvs_sched ${scheduler}\nlvs_method NAT\nprotocol ${protocol}\n${reals.join('')}}\n`;
const both = (reals: readonly string[], scheduler?: string): string => service('TCP', reals, scheduler) + service('UDP', reals, scheduler);

interface Node {
  readonly file: string;
  readonly daemon: RunningDaemon;
  readonly configure: (text: string) => void;
}

function start({ bed, lvs }: Cluster, text: string): Node {
  const folder = mkdtempSync(join(tmpdir(), 'weir-plan-'));
  bed.atEnd(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'conf');
  const configure = (next: string): void => writeFileSync(file, next);
  configure(text);
  const pids = ['p', 'r', 'c', 'b'].flatMap((letter) => [`-${letter}`, join(folder, letter)]);
  const daemon = new RunningDaemon(['ip', 'netns', 'exec', lvs.namespace, program, '-n', '-l', '-D', '-G', '-f', file, ...pids]);
  bed.atEnd(() => {
    if (existsSync(`/proc/${daemon.pid}`)) daemon.signal('SIGKILL');
  });
  return { file, daemon, configure };
}

interface Answer extends Plan {
  readonly daemon: number | null;
  readonly refused: string | null;
  readonly changes: boolean;
}

function planned(lvs: Host, options: string): { readonly status: number; readonly plan: Answer } {
  const { status, stdout, stderr } = weir(lvs, `plan --json ${options}`);
  assert.equal(stderr, '');
  return { status, plan: JSON.parse(stdout) as Answer };
}

/** What a plan does to the table: `+ service`, `~ service server`. */
const changesOf = ({ services }: Plan): readonly string[] =>
  services.flatMap(({ action, service: name, servers }) => [
    ...(action === 'keep' ? [] : [`${action} ${name}`]),
    ...servers.flatMap((one) => (one.action === 'keep' ? [] : [`${one.action} ${name} ${one.server}`])),
  ]);

const live = (lvs: Host, server = ''): number =>
  ipvsadm(lvs, '-Lnc')
    .split('\n')
    .filter((line) => /^(TCP|UDP) /.test(line) && line.includes(server)).length;

const [tcp, udp] = [`[${VIP}]:tcp:80`, `[${VIP}]:udp:80`];
const at = (host: number, protocol = 'tcp'): string => `[10.8.2.${host}]:${protocol}:80`;

/** The plan of a reload to a text, which must be `wanted`; then the reload, after which nothing is left to do. */
type Reloaded = (text: string, wanted: readonly string[], drift?: readonly string[]) => Promise<Answer>;

interface Traffic {
  readonly reloaded: Reloaded;
  readonly daemon: RunningDaemon;
  /** What the stations report when they are ended. */
  readonly connections: () => Promise<string>;
  readonly datagrams: () => Promise<string>;
}

/** A daemon with web1 and web2 as servers of TCP and UDP, 8 connections and a stream of datagrams. */
async function underTraffic(cluster: Cluster): Promise<Traffic> {
  const { lvs, bed, web1, web2 } = cluster;
  for (const web of [web1, web2]) await web.serve(bed, station('echo', 80));
  const { file, daemon, configure } = start(cluster, both([real(11, 3), real(12, 3)]));
  await daemon.logged(/^Startup complete$/);
  await until(
    () => rows(lvs).length,
    (count) => count === 4,
  );
  assert.deepEqual([planned(lvs, `-f ${file}`).status, planned(lvs, '').plan.daemon], [0, daemon.pid]);
  const connections = await begun(cluster, ...station('talk', VIP, 80, 8));
  const datagrams = await begun(cluster, ...station('stream', VIP, 80));
  const reloaded: Reloaded = async (text, wanted, drift = []) => {
    configure(text);
    const { status, plan } = planned(lvs, `-f ${file}`);
    assert.deepEqual([status, changesOf(plan)], [4, wanted]);
    assert.deepEqual(
      plan.drift.map((one) => `${one.kind} ${one.service} ${one.server ?? ''}`.trim()),
      drift,
    );
    assert.equal(weir(lvs, `reload ${daemon.pid}`).status, 0);
    // A daemon that sees other processes than this one removes what the reload would have answered: the command then does not wait.
    await until(
      () => planned(lvs, ''),
      (after) => after.status === 0 && changesOf(after.plan).length === 0,
    );
    return plan;
  };
  return { reloaded, daemon, connections, datagrams };
}

const fate = ({ connections: { kept, moved, cut, resumed } }: Plan): readonly number[] => [kept, moved, cut, resumed];
/** All go on. The stream begins new connections all the time. */
function assertKept({ connections: { kept, ...others } }: Plan): void {
  assert.deepEqual(others, { moved: 0, cut: 0, resumed: 0 });
  assert.ok(kept > 8);
}

breadth('what plan prints is what the reload does, also after changes by hand, and no connection is lost', { skip }, async () => {
  await inCluster(async (cluster) => {
    const { lvs } = cluster;
    const { reloaded, daemon, connections, datagrams } = await underTraffic(cluster);
    // A server comes, with weight 0 since no host is there; another weight; another scheduler.
    const three = [real(11, 3), real(12, 3), real(13, 0)];
    assertKept(await reloaded(both(three), [`add ${tcp} ${at(13)}`, `add ${udp} ${at(13, 'udp')}`]));
    const weighed = [real(11, 3), real(12, 1), real(13, 0)];
    assertKept(await reloaded(both(weighed), [`change ${tcp} ${at(12)}`, `change ${udp} ${at(12, 'udp')}`]));
    assertKept(await reloaded(both(weighed, 'rr'), [`change ${tcp}`, `change ${udp}`]));

    // By hand: a service goes, another comes, one gets another scheduler, a server and a weight.
    ipvsadm(lvs, `-D -t ${VIP}:80`, `-A -t ${VIP}:81 -s rr`, `-E -u ${VIP}:80 -s wlc`);
    ipvsadm(lvs, `-a -u ${VIP}:80 -r 10.8.2.14:80 -m -w 0`, `-e -u ${VIP}:80 -r 10.8.2.11:80 -m -w 9`);
    const again = [11, 12, 13].map((host) => `add ${tcp} ${at(host)}`);
    const changes = [`add ${tcp}`, ...again, `change ${udp}`, `remove ${udp} ${at(14, 'udp')}`, `change ${udp} ${at(11, 'udp')}`];
    const others = [`changed ${udp}`, `changed ${udp} ${at(11, 'udp')}`, `added ${udp} ${at(14, 'udp')}`, `added [${VIP}]:tcp:81`];
    const put = await reloaded(both(weighed, 'rr'), changes, [`missing ${tcp}`, ...others]);
    assert.deepEqual(fate(put).slice(1), [0, 0, 8], 'the connections of the service that was removed go on again');
    assert.match(ipvsadm(lvs, '-Sn'), new RegExp(`^-A -t ${VIP}:81 -s rr$`, 'm'), 'what is not of the file stays');

    // A server without connections goes.
    const two = [real(11, 3), real(12, 1)];
    const gone = [`remove ${tcp} ${at(13)}`, `remove ${udp} ${at(13, 'udp')}`];
    assertKept(await reloaded(both(two, 'rr'), gone, [`added [${VIP}]:tcp:81`]));
    await allAnswered(datagrams);
    assert.equal(await connections(), '8 of 8');
    assert.equal(await daemon.stop(), 0);
  });
});

breadth('connections of a server that goes are counted, wait as by keepalived, and go on when it is back', { skip }, async () => {
  await inCluster(async (cluster) => {
    const { lvs } = cluster;
    const { reloaded, connections, datagrams } = await underTraffic(cluster);
    await allAnswered(datagrams);
    const [all, lost] = [live(lvs), live(lvs, '10.8.2.12:80')];
    assert.ok(lost > 0);
    const gone = [`remove ${tcp} ${at(12)}`, `remove ${udp} ${at(12, 'udp')}`];
    assert.deepEqual(fate(await reloaded(both([real(11, 3)]), gone)), [all - lost, 0, lost, 0]);
    const back = [`add ${tcp} ${at(12)}`, `add ${udp} ${at(12, 'udp')}`];
    assert.deepEqual(fate(await reloaded(both([real(11, 3), real(12, 3)]), back)), [all - lost, 0, 0, lost]);
    assert.equal(await connections(), '8 of 8');
  });
});

const plan = (lvs: Host, words: string): Ran => weir(lvs, `plan ${words}`);
const vrrp = (addresses: string): string =>
  `global_defs {\nvrrp_version 3\n}\nvrrp_instance WEB {\ninterface eth0\nvirtual_router_id 9\nadvert_int 0.1\nvirtual_ipaddress {\n${addresses}\n}\n}\n`;

/** Writes files of a folder that goes with the cluster. */
function filesOf({ bed }: Cluster): (name: string, content: string | Buffer) => string {
  const folder = mkdtempSync(join(tmpdir(), 'weir-plan-files-'));
  bed.atEnd(() => rmSync(folder, { recursive: true }));
  return (name, content) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
}

test('the plan of a start loads nothing; a file that cannot be used has a status of its own', { skip }, async () => {
  await inCluster(async (cluster) => {
    const { lvs } = cluster;
    const named = filesOf(cluster);
    const file = named('first', vrrp('10.8.1.101/24') + service('TCP', [real(11, 3)]));
    const first = plan(lvs, `-f ${file}`);
    assert.equal(first.status, 4);
    assert.deepEqual(first.stdout.split('\n').slice(1, 6), [
      'services',
      `  + ${tcp} wrr`,
      `    + ${at(11)} Masq, weight 3`,
      'VIPs',
      '  + 10.8.1.101/24 on eth0 of WEB (set when the instance is MASTER)',
    ]);
    assert.match(lvs.weir('status').stdout, /not loaded/);
    const folder = dirname(file);
    mkdirSync(join(folder, 'folder'));
    assert.equal(spawnSync('mkfifo', [join(folder, 'fifo')]).status, 0);
    const unusable = named('unusable', 'vrrp_instance X {\ninterface eth0\n}\n');
    for (const bad of [join(folder, 'none'), join(folder, 'folder'), join(folder, 'fifo'), unusable]) {
      const { status, stdout, stderr } = plan(lvs, `-f ${bad}`);
      assert.deepEqual([status, stdout], [3, ''], bad);
      assert.match(stderr, /^weir plan: a start of keepalived with \S+ would be refused: /m);
    }
    assert.match(plan(lvs, `-f ${join(folder, 'none')}`).stderr, /there is no configuration file \(weir plan FILE plans a weir\.yaml, /);
    const noise = Buffer.from(Array.from({ length: 50_000 }, (_, k) => (k * 7919 + (k >> 3)) & 255));
    const { status, stderr } = plan(lvs, `-f ${named('noise', noise)}`);
    assert.ok(status === 0 || status === 3, `${status} ${stderr}`);
    assert.equal(plan(lvs, '-f').status, 2);
    assert.equal(plan(lvs, `-f ${file} 999999999`).status, 1);
  });
});

/** Holds the lock of the host's table. */
function lockTable({ bed, lvs }: Cluster): Promise<void> {
  const namespace = native().open(`/run/netns/${lvs.namespace}`, 0);
  const lock = Bpffs.ensure().presentLock(native().netnsCookie(namespace));
  native().close(namespace);
  return lvs.serve(bed, ['flock', '--no-fork', lock, 'sh', '-c', 'echo held; exec sleep 600']);
}

breadth('VIPs beside a daemon; a reload that would be refused; no lock is taken', { skip }, async () => {
  await inCluster(async (cluster) => {
    const { lvs } = cluster;
    const named = filesOf(cluster);
    const text = vrrp('10.8.1.101/24\n10.8.1.102/24') + service('TCP', [real(11, 3)]);
    const { daemon, configure, file } = start(cluster, text);
    await daemon.until('its VIPs', () => /10\.8\.1\.102\/24/.test(lvs.ip('-o addr show')));
    await daemon.logged(/^Startup complete$/);
    const next = named('next', vrrp('10.8.1.102/24\n10.8.1.103/24') + service('TCP', [real(11, 3)]));
    const vips = plan(lvs, `-f ${next}`);
    assert.deepEqual(
      vips.stdout.split('\n').filter((line) => / on eth0 of WEB/.test(line)),
      [
        '  - 10.8.1.101/24 on eth0 of WEB',
        '  = 10.8.1.102/24 on eth0 of WEB',
        '  + 10.8.1.103/24 on eth0 of WEB (set when the instance is MASTER)',
      ],
    );
    configure(text.replace('10.8.1.101/24', '10.8.1.1o1/24'));
    const refused = plan(lvs, '');
    assert.equal(refused.status, 3);
    assert.match(refused.stderr, /would be refused: the new configuration has errors and would give up 10\.8\.1\.101 of WEB/);
    assert.equal(weir(lvs, `reload ${daemon.pid}`).status, 1);
    configure(text);
    await lockTable(cluster);
    assert.deepEqual([plan(lvs, `-f ${file}`).status, plan(lvs, `-f ${next}`).status], [0, 4]);
  });
});
