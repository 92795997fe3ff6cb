// An interface that is deleted and made again carries traffic while a daemon runs, without a command; and what namespaces that are gone have
// left goes with the next command elsewhere.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Bpffs } from '../../src/datapath/ebpf/pins/bpffs.js';
import { using } from '../../src/sys/fd.js';
import { Netns } from '../../src/sys/namespaces/netns.js';
import { removeNetns } from '../../src/sys/namespaces/remove-netns.js';
import { Bed, ENTRY, type Host, noNamespaces } from '../support/netns-bed.js';
import { notFirstNamespaces, notWorking, type Skip } from '../support/probes.js';
import { RunningDaemon } from '../support/running-daemon.js';

const skip = noNamespaces();
const VIP = '10.99.0.100';

let bed: Bed;
let director: Host;
let client: Host;
let lan: Host;
let daemon: RunningDaemon;
const folder = mkdtempSync(join(tmpdir(), 'weir-recreated-'));

/** The director's end of its cable to the clients. */
function plug(): void {
  director.ip(`link add eth address 02:00:00:00:99:01 type veth peer name port-d netns ${lan.namespace}`);
  lan.ip('link set port-d master bridge up');
  director.ip('link set eth up');
}

async function start(): Promise<void> {
  const files = ['conf', 'p.pid', 'r.pid', 'c.pid'].flatMap((name) => [`-${name === 'conf' ? 'f' : name[0]}`, join(folder, name)]);
  const words = [process.execPath, ENTRY, 'keepalived', '-n', '-l', '-G', ...files];
  daemon = new RunningDaemon(['ip', 'netns', 'exec', director.namespace, ...words]);
  await daemon.logged(/^Startup complete/);
}

before(async () => {
  if (skip !== false) return;
  bed = new Bed();
  [director, client, lan] = [bed.host('d'), bed.host('c'), bed.lan('lan')];
  const [back, server] = [bed.lan('back'), bed.host('s')];
  bed.cable(director, 'srv', back, '10.98.0.1/24');
  bed.cable(server, 'eth', back, '10.98.0.2/24');
  server.ip('route add default via 10.98.0.1');
  bed.cable(client, 'eth', lan, '10.99.0.2/24');
  director.sysctl('net.ipv4.ip_forward', '1');
  director.ip(`addr add ${VIP}/32 dev lo`);
  await server.listen(bed, '10.98.0.2', 80);
  for (const line of [`-A -t ${VIP}:80 -s rr`, `-a -t ${VIP}:80 -r 10.98.0.2:80 -m`]) {
    assert.deepEqual(director.ipvsadm(line), { status: 0, stdout: '', stderr: '' });
  }
  writeFileSync(
    join(folder, 'conf'),
    'vrrp_instance V {\n  interface srv\n  virtual_router_id 9\n  virtual_ipaddress {\n    10.98.0.9/32\n  }\n}\n',
  );
  await start();
});
after(async () => {
  if (skip !== false) return;
  await daemon.stop();
  director.weir('unload');
  bed.close();
  rmSync(folder, { recursive: true });
});

const answer = (): string => {
  // Its master may have another MAC now.
  client.ip('neigh flush all');
  return client.run(['timeout', '3', 'bash', '-c', `exec 3<>/dev/tcp/${VIP}/80 && head -n 1 <&3`]).stdout;
};
const served = (what: string): Promise<boolean> => daemon.until(what, () => answer() === 's\n');

/** How the director reaches its clients: made, and deleted, by commands in it. `inside`: the same for the client. */
interface Shape {
  readonly name: string;
  readonly type: string;
  readonly make: readonly string[];
  readonly remove: readonly string[];
  readonly client?: readonly string[];
}

/** Kernels of small machines are made without some of them. */
function noLinkType(type: string): Skip {
  if (skip !== false || type === 'veth') return skip;
  const lower = type === 'vlan' || type === 'macvlan';
  const stacked = `${lower ? 'link eth ' : ''}name new type ${type}${type === 'vlan' ? ' id 10' : ''}`;
  const words = `ip link add eth type veth peer name far && ip link add ${stacked}`;
  return notWorking('link-types', 'unshare', '--net', 'sh', '-c', words);
}

const SHAPES: readonly Shape[] = [
  { name: 'veth', type: 'veth', make: ['addr add 10.99.0.1/24 dev eth'], remove: [] },
  {
    name: 'VLAN',
    type: 'vlan',
    make: ['link add link eth name eth.10 type vlan id 10', 'addr add 10.99.0.1/24 dev eth.10', 'link set eth.10 up'],
    remove: ['link del eth.10'],
    client: [
      'addr flush dev eth',
      'link add link eth name eth.10 type vlan id 10',
      'addr add 10.99.0.2/24 dev eth.10',
      'link set eth.10 up',
    ],
  },
  {
    name: 'bridge',
    type: 'bridge',
    make: ['link add br0 type bridge', 'link set eth master br0', 'addr add 10.99.0.1/24 dev br0', 'link set br0 up'],
    remove: ['link del br0'],
  },
  {
    name: 'macvlan',
    type: 'macvlan',
    make: ['link add link eth name mv type macvlan mode bridge', 'addr add 10.99.0.1/24 dev mv', 'link set mv up'],
    remove: ['link del mv'],
  },
  {
    name: 'bond',
    type: 'bond',
    make: [
      'link add bond0 type bond mode active-backup miimon 50',
      'link set eth down',
      'link set eth master bond0',
      'addr add 10.99.0.1/24 dev bond0',
      'link set bond0 up',
    ],
    remove: ['link del bond0'],
  },
];

for (const { name, type, make, remove, client: inside = [] } of SHAPES) {
  test(`a ${name} that is deleted and made again carries traffic without a command`, { skip: noLinkType(type) }, async () => {
    plug();
    for (const line of make) director.ip(line);
    for (const line of inside) client.ip(line);
    try {
      await served(`${name}: an answer`);
      for (let times = 0; times < 2; times++) {
        for (const line of remove) director.ip(line);
        if (remove.length === 0) {
          director.ip('link del eth');
          plug();
        }
        for (const line of make) director.ip(line);
        await served(`${name}: an answer after it was made again`);
      }
    } finally {
      if (inside.length > 0) {
        client.ip('link del eth.10');
        client.ip('addr add 10.99.0.2/24 dev eth');
      }
      for (const line of remove) director.ip(line);
      director.ip('link del eth');
    }
  });
}

test('what came while no daemon ran is attached when one starts', { skip }, async () => {
  await daemon.stop();
  // A daemon that stops does not wait for the command that it began when the last interface came.
  await daemon.until(
    'the end of its commands',
    () => spawnSync('ip', ['netns', 'pids', director.namespace], { encoding: 'utf8' }).stdout === '',
  );
  plug();
  director.ip('addr add 10.99.0.1/24 dev eth');
  assert.equal(answer(), '');
  await start();
  await served('an answer');
  director.ip('link del eth');
});

test('rp_filter that is set while a daemon runs holds without a command', { skip }, async () => {
  plug();
  director.ip('addr add 10.99.0.1/24 dev eth');
  await served('an answer');
  director.sysctl('net.ipv4.conf.all.rp_filter', '2');
  const due = (): string => director.weir('status').stdout.match(/^.*repairs? due.*$/m)?.[0] ?? '';
  await daemon.until('nothing to repair', () => due() === '');
  assert.equal(director.weir('load').stdout, '');
  director.sysctl('net.ipv4.conf.all.rp_filter', '0');
  director.ip('link del eth');
});

test("a server's address that comes to the director, or leaves it, while a daemon runs is known without a command", { skip }, async () => {
  plug();
  director.ip('addr add 10.99.0.1/24 dev eth');
  await served('an answer');
  for (const line of [`-A -t ${VIP}:81 -s rr`, `-a -t ${VIP}:81 -r 10.99.0.77 -g`]) {
    assert.deepEqual(director.ipvsadm(line), { status: 0, stdout: '', stderr: '' });
  }
  const due = (): string => director.weir('status').stdout.match(/^.*repairs? due.*$/m)?.[0] ?? '';
  assert.equal(due(), '');
  for (const command of ['add', 'del']) {
    director.ip(`addr ${command} 10.99.0.77/32 dev eth`);
    assert.notEqual(due(), '', 'only commands that open the table know it yet');
    await daemon.until('nothing to repair', () => due() === '');
  }
  assert.equal(director.weir('load').stdout, '');
  assert.equal(director.ipvsadm(`-D -t ${VIP}:81`).status, 0);
  director.ip('link del eth');
});

test('a policy of IPsec that comes while a daemon runs is applied without a command', {
  skip: skip || notWorking('xfrm', 'ip', 'xfrm', 'policy'),
}, async () => {
  plug();
  director.ip('addr add 10.99.0.1/24 dev eth');
  await served('an answer');
  const policy = `src ${VIP} dst 10.99.0.2 dir out`;
  director.ip(`xfrm policy add ${policy} action block`);
  await daemon.until('the policy to be known', () => answer() === '');
  director.ip(`xfrm policy del ${policy}`);
  await served('an answer without the policy');
  await daemon.until('that to be known', () => director.weir('load').stdout === '');
  director.ip('link del eth');
});

test('a policy of IPsec that expires while a daemon runs is applied no longer', {
  skip: skip || notWorking('xfrm', 'ip', 'xfrm', 'policy'),
}, async () => {
  plug();
  director.ip('addr add 10.99.0.1/24 dev eth');
  await served('an answer');
  director.ip(`xfrm policy add src ${VIP} dst 10.99.0.2 dir out action block limit time-hard 30`);
  await daemon.until('the policy to be known', () => answer() === '');
  await served('an answer without the policy');
  await daemon.until('that to be known', () => !/repairs? due/.test(director.weir('status').stdout));
  assert.equal(director.weir('load').stdout, '');
  director.ip('link del eth');
});

test('commands that run meanwhile do no harm: the lock orders them', { skip }, async () => {
  plug();
  director.ip('addr add 10.99.0.1/24 dev eth');
  for (let times = 0; times < 5; times++) {
    director.ip('link del eth');
    plug();
    director.ip('addr add 10.99.0.1/24 dev eth');
    assert.deepEqual(director.ipvsadm(`-E -t ${VIP}:80 -s ${times % 2 === 0 ? 'wrr' : 'rr'}`), { status: 0, stdout: '', stderr: '' });
  }
  await served('an answer');
  assert.deepEqual(
    daemon.lines.filter((line) => line.includes('interfaces')),
    [],
  );
});

const cookieOf = (namespace: string): bigint => using(Netns.byName(namespace), ({ cookie }) => cookie);

/** A process in a namespace, which does nothing. */
async function held(namespace: string): Promise<ChildProcess> {
  const child = spawn('nsenter', [`--net=/run/netns/${namespace}`, 'sh', '-c', 'echo ready; exec sleep 600'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout ?? child, 'data');
  return child;
}

test('what namespaces that are gone have left goes with a command elsewhere, never that of living ones', {
  skip: skip || notFirstNamespaces(),
}, async () => {
  const own = new Bed();
  const names = ['gone', 'other', 'process', 'mount', 'unloaded'] as const;
  const hosts = Object.fromEntries(names.map((name) => [name, own.host(name)])) as Record<(typeof names)[number], Host>;
  const bound = join(folder, 'bound');
  writeFileSync(bound, '');
  const leftovers: string[] = [];
  let child: ChildProcess | undefined;
  try {
    const loaded = [hosts.gone, hosts.other, hosts.process, hosts.mount];
    for (const host of loaded) assert.equal(host.ipvsadm('-A -t 10.0.0.1:80').status, 0);
    const cookies = loaded.map(({ namespace }) => cookieOf(namespace));
    const [gone = 0n, ...alive] = cookies;
    for (const kind of ['vip', 'realserver', 'vrrp']) {
      mkdirSync(`/run/weir/${kind}`, { recursive: true });
      for (const suffix of ['json', 'lock']) leftovers.push(`/run/weir/${kind}/${gone}.${suffix}`);
    }
    for (const path of leftovers) writeFileSync(path, '');
    child = await held(hosts.process.namespace);
    assert.equal(bindMount(hosts.mount.namespace, bound), 0);
    for (const host of [hosts.gone, hosts.process, hosts.mount]) assert.equal(removeNetns(host.namespace), undefined);
    const present = (cookie: bigint): boolean => Bpffs.ensure().cookies().includes(cookie);
    assert.equal(hosts.other.ipvsadm('-E -t 10.0.0.1:80 -s rr').status, 0);
    // A namespace goes some time after its last name and process.
    await daemon.until('its pins go', () => hosts.other.ipvsadm('-E -t 10.0.0.1:80 -s rr').status === 0 && !present(gone));
    assert.deepEqual(
      [...leftovers, `/run/weir/lock/${gone}`].filter((path) => existsSync(path)),
      [],
    );
    assert.deepEqual(alive.map(present), [true, true, true]);
    // What udev runs: nothing is loaded there, and so all that it does.
    child.kill('SIGKILL');
    await once(child, 'exit');
    const [, process = 0n] = alive;
    await daemon.until('those of the process', () => hosts.unloaded.weir('load --if-loaded').stderr === '' && !present(process));
    assert.equal(present(alive[2] ?? 0n), true, 'a bind mount');
    assert.equal(present(cookieOf(hosts.unloaded.namespace)), false);
  } finally {
    child?.kill('SIGKILL');
    bindMount(undefined, bound);
    for (const path of leftovers) rmSync(path, { force: true });
    own.close();
  }
});

/** Binds a namespace to a file, or takes that away. */
function bindMount(namespace: string | undefined, at: string): number {
  const argv = namespace === undefined ? ['umount', at] : ['mount', '--bind', `/run/netns/${namespace}`, at];
  return spawnSync(argv[0] ?? '', argv.slice(1), { stdio: 'ignore' }).status ?? -1;
}
