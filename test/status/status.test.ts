// weir status on a director that the test builds: what it shows, that it changes nothing and waits for nothing.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, renameSync, rmSync } from 'node:fs';
import { after, before } from 'node:test';
import { Conf } from '../../src/datapath/ebpf/abi.gen.js';
import { Bpffs } from '../../src/datapath/ebpf/pins/bpffs.js';
import type { Status } from '../../src/report/status/status.js';
import { using } from '../../src/sys/fd.js';
import { Netns } from '../../src/sys/namespaces/netns.js';
import { running, tablesOf, until } from '../datapath/cluster.js';
import { breadth, test } from '../support/breadth.js';
import { hostPicture } from '../support/host-picture.js';
import { Bed, ENTRY, type Host, noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';

const on = { skip: noNamespaces() };
const bed = new Bed();
let gate: Host;
let guest: Host;
const VIP = '198.51.100.10';

const SETTLED_MAX_MS = 60_000;

/** Until the carrier is there and IPv6 has tested its addresses: what the kernel changes by itself is no change by a command. */
function settle(host: Host, ...devices: readonly string[]): void {
  const settled = (text: string): boolean => text.includes(' state UP ') && !text.includes(' tentative');
  const end = Date.now() + SETTLED_MAX_MS;
  while (!devices.every((device) => settled(host.ip(`addr show dev ${device}`))))
    assert.ok(Date.now() < end, `not settled: ${host.ip('addr show')}`);
}

before(() => {
  if (on.skip) return;
  gate = bed.host('gate');
  guest = bed.host('guest');
  const [outside, inside] = [bed.lan('outside'), bed.lan('inside')];
  bed.cable(gate, 'wan0', outside, '198.51.100.1/24', `${VIP}/32`);
  bed.cable(guest, 'eth0', outside, '198.51.100.77/24');
  bed.cable(gate, 'lan0', inside, '192.0.2.1/24');
  settle(gate, 'wan0', 'lan0');
});
after(() => {
  gate?.weir('unload');
  bed.close();
});

function ask(host: Host, exit = 0): Status {
  const { status, stdout, stderr } = host.weir('status --json');
  assert.deepEqual([status, stderr], [exit, '']);
  return JSON.parse(stdout) as Status;
}

function lines(host: Host, exit = 0): readonly string[] {
  const { status, stdout, stderr } = host.weir('status');
  assert.deepEqual([status, stderr], [exit, '']);
  return stdout.split('\n').slice(0, -1);
}

test('where nothing is loaded the exit status is 3, and nothing is loaded', on, () => {
  const was = hostPicture(gate);
  const status = ask(gate, 3);
  assert.deepEqual(
    [status.datapath.state, status.datapath.since, status.table, status.services, status.drops],
    ['absent', null, null, [], null],
  );
  assert.match(lines(gate, 3)[1] ?? '', /^datapath {3}not loaded in this network namespace/);
  assert.deepEqual(hostPicture(gate), was);
});

/** One connection that waits for its answer, and one that finds no server. */
async function connect(): Promise<void> {
  const { child } = running(bed, guest, ['timeout', '60', 'bash', '-c', `exec 3<>/dev/tcp/${VIP}/80`]);
  await until(
    () => ask(gate).table?.connections,
    (count) => count === 1,
  );
  child.kill();
  guest.run(['timeout', '60', 'bash', '-c', `exec 3<>/dev/tcp/${VIP}/81`]);
}

const LOADED = { state: 'loaded', programs: 'this', tcAlone: [], firewall: { mode: 'auto', passes: false }, repairsDue: 0 } as const;

test('a director at work: interfaces, table, services, connections, drops', on, async () => {
  for (const line of [
    `-A -t ${VIP}:80 -s wrr`,
    `-a -t ${VIP}:80 -r 192.0.2.11:8080 -m -w 2`,
    `-a -t ${VIP}:80 -r 192.0.2.12:8080 -m -w 0`,
    `-A -u ${VIP}:53 -s rr`,
    `-A -t ${VIP}:81 -s rr`,
    `-a -t ${VIP}:81 -r 192.0.2.12:81 -m -w 0`,
  ])
    assert.equal(gate.ipvsadm(line).status, 0, line);
  gate.ip('link add late type veth peer name late-far');
  await connect();
  const was = hostPicture(gate);
  const { datapath, table, services, drops, build } = ask(gate);
  const { interfaces, since, ...state } = datapath;
  assert.deepEqual(state, { ...LOADED, build });
  assert.ok(Date.parse(since ?? '') <= Date.now());
  assert.deepEqual(Object.fromEntries(interfaces.map(({ name, tc, xdp }) => [name, [tc, xdp]])), {
    lo: [true, false],
    wan0: [true, false],
    lan0: [true, false],
    late: [false, false],
    'late-far': [false, false],
  });
  assert.deepEqual(table, {
    connections: 1,
    active: 1,
    inactive: 0,
    capacity: { connections: 1048576, services: 16384, destinations: 65536 },
    fill: 1 / 2097152,
    services: 3,
    destinations: 3,
    unfinishedChange: null,
  });
  const [third, second, first] = services;
  assert.deepEqual(
    [first?.service, first?.scheduler, first?.up, first?.servers],
    [
      `TCP ${VIP}:80`,
      'wrr',
      true,
      [
        { server: '192.0.2.12:8080', weight: 0, configuredWeight: 0, heldBy: [], inService: false, active: 0, inactive: 0 },
        { server: '192.0.2.11:8080', weight: 2, configuredWeight: 2, heldBy: [], inService: true, active: 1, inactive: 0 },
      ],
    ],
  );
  assert.deepEqual([second?.service, second?.up, second?.servers], [`UDP ${VIP}:53`, false, []]);
  assert.deepEqual([third?.service, third?.up, third?.servers.length], [`TCP ${VIP}:81`, false, 1]);
  assert.ok((drops?.counts['no_destination'] ?? 0) > 0, JSON.stringify(drops));
  const text = lines(gate).join('\n');
  for (const line of [
    /^datapath {3}loaded since .* ago\), programs of this build$/m,
    /^interfaces .*\bwan0 tc\b/m,
    /^ {11}not covered: late(-far)?, late(-far)? /m,
    /^table {6}1 connection \(1 active, 0 inactive\) of 1048576; /m,
    /^services {3}1 up, 2 down$/m,
    new RegExp(`^ {13}DOWN UDP ${VIP}:53 rr: it has no server$`, 'm'),
    new RegExp(`^ {13}up {3}TCP ${VIP}:80 wrr: 1 of 2 servers in service, out of service: 192.0.2.12:8080 \\(weight 0\\)$`, 'm'),
    /^drops {6}in the last \d+ s: \d+ no_destination/m,
  ])
    assert.match(text, line);
  assert.deepEqual(hostPicture(gate), was);
});

breadth('it waits for no lock, and names who changes the table', on, async () => {
  const { cookie } = using(Netns.byName(gate.namespace), (netns) => netns);
  const holder = spawn('flock', [Bpffs.ensure().presentLock(cookie), 'sh', '-c', 'echo held; exec sleep 600'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const { conf } = tablesOf(gate);
  try {
    await new Promise((held) => holder.stdout.once('data', held));
    conf.set(0, Conf.dirty, 1);
    assert.deepEqual(ask(gate).table?.unfinishedChange, { pid: holder.pid });
    assert.match(lines(gate).join('\n'), new RegExp(`^ +process ${holder.pid} is changing it;`, 'm'));
  } finally {
    process.kill(-(holder.pid ?? 0), 'SIGKILL');
    await new Promise((gone) => holder.once('exit', gone));
  }
  assert.deepEqual(ask(gate).table?.unfinishedChange, { pid: null }, 'the change stays, its process is gone');
  assert.equal(conf.get(0, Conf.dirty), 1, 'it is left to weir load');
  assert.match(gate.weir('load').stdout, /killed command/);
  assert.equal(ask(gate).table?.unfinishedChange, null);
});

test('where /run is read-only it shows the same', on, () => {
  const script = `mount --bind /run /run && mount -o remount,bind,ro /run && ! touch /run/weir-probe 2>/dev/null && exec "$@"`;
  const command = ['unshare', '-m', 'sh', '-c', script, 'sh', process.execPath, ENTRY, 'weir', 'status', '--json'];
  const { status, stdout, stderr } = gate.run(command);
  assert.deepEqual([status, stderr], [0, '']);
  assert.deepEqual((JSON.parse(stdout) as Status).services, ask(gate).services);
});

breadth('where the pins cannot be seen it does not call the datapath absent', { skip: on.skip || noTools('setpriv') }, () => {
  const hidden = (command: string, prefix: readonly string[] = []) => {
    const words = `mount -t tmpfs none /run && exec ${[...prefix, process.execPath, ENTRY, 'weir', command].join(' ')}`;
    const { status, stdout, stderr } = gate.run(['unshare', '--mount', '--pid', '--fork', '--mount-proc', 'sh', '-c', words]);
    return [status, stdout, stderr];
  };
  const elsewhere = 'another weir is loaded in this network namespace; its tables are in a /run/weir/bpf that cannot be seen here';
  const there = 'run the command where that one was loaded, or mount its /run/weir/bpf here';
  assert.deepEqual(hidden('status'), [1, '', `weir status: ${elsewhere} — fix: ${there}\n`]);
  assert.deepEqual(hidden('doctor'), [3, '', `weir doctor: ${elsewhere} — fix: ${there}\n`]);
  // As a user without rights: whether programs are attached is not shown either.
  const powerless = ['setpriv', '--inh-caps', '-all', '--bounding-set', '-all'];
  const unknown = "cannot see the machine's mounts (no process of it can be looked at) — fix: run it as root";
  assert.deepEqual(hidden('status', powerless), [1, '', `weir status: ${unknown}\n`]);
});

breadth('programs and tables of other builds are named, and the rest is shown', on, () => {
  const { folder, conf } = tablesOf(gate);
  const pin = readdirSync(folder).find((name) => name.startsWith('build_')) ?? assert.fail('no build is named');
  const other = `build_${'ab'.repeat(16)}`;
  renameSync(`${folder}/${pin}`, `${folder}/${other}`);
  const { datapath, services } = ask(gate);
  assert.deepEqual([datapath.programs, datapath.build, services.length], ['other', 'abababababab', 3]);
  const layout = conf.get(0, Conf.layout);
  conf.set(0, Conf.layout, layout + 1);
  const was = hostPicture(gate);
  const beside = ask(gate, 4);
  assert.deepEqual(
    [beside.datapath.state, beside.datapath.build, beside.table, beside.services],
    ['other-tables', 'abababababab', null, []],
  );
  assert.ok(beside.datapath.since !== null && beside.datapath.interfaces.some(({ name, tc }) => name === 'wan0' && tc));
  assert.match(lines(gate, 4).join('\n'), /^datapath {3}tables of another build \(abababababab\), loaded since /m);
  assert.deepEqual(hostPicture(gate), was);
  conf.set(0, Conf.layout, layout);
  rmSync(`${folder}/${other}`);
  assert.equal(ask(gate).datapath.programs, 'mixed');
  assert.equal(gate.weir('load').status, 0);
  assert.equal(ask(gate).datapath.programs, 'this');
});

breadth('bad input is one line, with status 2', on, () => {
  for (const [words, line] of [
    ['now', 'unexpected argument: now'],
    ['--jsn', 'unknown option: --jsn'],
  ]) {
    const { status, stdout, stderr } = gate.weir(`status ${words}`);
    assert.deepEqual([status, stdout, stderr], [2, '', `weir status: ${line}\n`]);
  }
});

test('a drained server is shown with its configured weight and its drain', on, () => {
  const begun = gate.weir('drain 192.0.2.11 --allow-empty --end keep --json');
  assert.equal(begun.status, 0, begun.stderr);
  const { id } = JSON.parse(begun.stdout) as { readonly id: string };
  const found = ask(gate).services.flatMap(({ servers }) => servers.filter(({ server }) => server === '192.0.2.11:8080'));
  assert.deepEqual(
    found.map(({ weight, configuredWeight, heldBy }) => [weight, configuredWeight, heldBy]),
    [[0, 2, [{ kind: 'drain', id, target: '192.0.2.11', state: 'draining' }]]],
  );
  assert.match(lines(gate).join('\n'), new RegExp(`192\\.0\\.2\\.11:8080 \\(weight 0, 2 configured; drain ${id}\\)`));
  assert.equal(gate.weir(`drain cancel ${id}`).status, 0);
  assert.deepEqual(
    ask(gate).services.flatMap(({ servers }) => servers.flatMap(({ heldBy }) => heldBy)),
    [],
  );
});
