// A cluster of living hosts in namespaces, its director without any forwarding of its own, and how tests ask and watch it.
//
//   client 10.8.1.10 ── front ── eth0 10.8.1.1, VIP 10.8.1.100 [lvs] eth1 10.8.2.1 ── back ── web1 10.8.2.11, web2 10.8.2.12
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { after } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Bpffs } from '../../src/datapath/ebpf/pins/bpffs.js';
import { Tables } from '../../src/datapath/ebpf/table/tables.js';
import { native } from '../../src/sys/addon.js';
import { Bed, type Host, type Ran } from '../support/netns-bed.js';
import { station } from './live-child.js';
import { type Request, Resident } from './resident.js';

export const VIP = '10.8.1.100';

export interface Cluster {
  readonly bed: Bed;
  readonly client: Host;
  readonly lvs: Host;
  readonly web1: Host;
  readonly web2: Host;
  readonly front: Host;
  readonly back: Host;
}

/** In the hosts of clusters that stand; undefined: nothing was asked for there yet. */
const residents = new Map<Host, Resident | undefined>();

function mayHaveResident(bed: Bed, host: Host): void {
  residents.set(host, undefined);
  bed.atEnd(() => {
    residents.get(host)?.close();
    residents.delete(host);
  });
}

/** Does it in the host's resident process, which is begun for the first request. */
function does(host: Host, request: Request): Ran {
  if (!residents.has(host)) throw new Error(`${host.name} is no host of a cluster`);
  const resident = residents.get(host) ?? new Resident(host);
  residents.set(host, resident);
  return resident.does(request);
}

function build(): Cluster {
  const bed = new Bed();
  const [front, back] = [bed.lan('front'), bed.lan('back')];
  const [client, lvs, web1, web2] = ['client', 'lvs', 'web1', 'web2'].map((name) => bed.host(name)) as [Host, Host, Host, Host];
  for (const host of [client, lvs, web1, web2]) mayHaveResident(bed, host);
  // A host asks for neighbours from its link-local address: while that is looked at for duplicates, a second or two, it does not ask at all.
  for (const host of [client, lvs, web1, web2]) host.sysctl('net.ipv6.conf.default.accept_dad', '0');
  bed.cable(client, 'eth0', front, '10.8.1.10/24');
  bed.cable(lvs, 'eth0', front, '10.8.1.1/24', `${VIP}/32`);
  bed.cable(lvs, 'eth1', back, '10.8.2.1/24');
  for (const [k, web] of [web1, web2].entries()) {
    bed.cable(web, 'eth0', back, `10.8.2.1${k + 1}/24`);
    web.ip('route add default via 10.8.2.1');
  }
  lvs.sysctl('net.ipv4.ip_forward', '0');
  bed.atEnd(() => lvs.weir('unload'));
  return { bed, client, lvs, web1, web2, front, back };
}

export async function inCluster(work: (cluster: Cluster) => Promise<void>): Promise<void> {
  const cluster = build();
  try {
    await work(cluster);
  } finally {
    cluster.bed.close();
  }
}

/**
 * A cluster for several tests, one after the other, since the programs are loaded for each director: `open` makes it for the first of them, and it
 * is taken down when all have ended. Each finds no service, process or interface of those before it; connections and templates stay.
 */
export function shared(open: typeof inCluster): typeof inCluster {
  let [opened, ended]: [Promise<Cluster> | undefined, Promise<void>] = [undefined, Promise.resolve()];
  let close = (): void => {};
  after(async () => {
    close();
    await ended;
  });
  const begin = (): Promise<Cluster> =>
    new Promise((given, fail) => {
      ended = open((cluster) => {
        given(cluster);
        return new Promise((done) => {
          close = done;
        });
      });
      ended.catch(fail);
    });
  return async (work) => {
    const isFirst = opened === undefined;
    opened ??= begin();
    const cluster = await opened;
    if (!isFirst) ipvsadm(cluster.lvs, '-C');
    await cluster.bed.part(() => work(cluster));
  };
}

export function ok(ran: Ran): string {
  assert.deepEqual([ran.status, ran.stderr], [0, '']);
  return ran.stdout;
}

/** One command, or several lines as one command reads them. */
export function ipvsadm(lvs: Host, ...lines: readonly string[]): string {
  const [line = '', ...more] = lines;
  const [words, input] = more.length === 0 ? [line.split(' '), ''] : [['-R'], `${lines.join('\n')}\n`];
  return ok(does(lvs, { what: 'weir', words: ['ipvsadm', ...words], input }));
}

/** Below those that the kernel chooses for others. */
let nextUdpPort = 2_000;

/**
 * Every question is a new connection: UDP asks from ports counted up, since one that the kernel chose may be one of the last 300 s, whose
 * connection the director still has.
 */
export function asked(host: Host, protocol: 'tcp' | 'udp', address: string, port: number, times: number): readonly string[] {
  const from = nextUdpPort;
  nextUdpPort += times;
  return ok(does(host, { what: 'ask', words: [protocol, address, String(port), String(times), String(from)], input: '' }))
    .split('\n')
    .slice(0, -1);
}

/** A process that stays; its lines as they come. */
export function running(bed: Bed, host: Host, command: readonly string[]): { readonly child: ChildProcess; readonly lines: string[] } {
  const child = spawn('ip', ['netns', 'exec', host.namespace, ...command], { stdio: ['ignore', 'pipe', 'inherit'] });
  bed.endsWith(child);
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  return { child, lines };
}

/** @throws AssertionError after `seconds` with what was seen last */
export async function until<T>(look: () => T, right: (seen: T) => boolean, seconds = 120): Promise<T> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const began = performance.now();
    const seen = look();
    if (right(seen)) return seen;
    assert.ok(performance.now() < end, `not within ${seconds} s: ${JSON.stringify(seen)}`);
    // Most looks are commands: on a busy machine they leave half of the time to what they wait for.
    await delay(Math.max(50, performance.now() - began));
  }
}

/** Destination lines of a listing: `ADDRESS:PORT method weight active inactive`. */
export const rows = (lvs: Host): readonly string[] =>
  ipvsadm(lvs, '-Ln')
    .split('\n')
    .filter((line) => /^ {2}-> \d/.test(line))
    .map((line) => line.replace('->', '').trim().replace(/\s+/g, ' '));

export function tablesOf(host: Host): Tables {
  const namespace = native().open(`/run/netns/${host.namespace}`, 0);
  const cookie = native().netnsCookie(namespace);
  native().close(namespace);
  return new Tables(Bpffs.ensure().path(cookie));
}

/** A datagram's answer comes from the address that the server is bound to; by default from that of its interface. */
export const serving = ({ bed }: Cluster, host: Host, port = 80, address = '0.0.0.0', name = host.name): Promise<void> =>
  host.serve(bed, station('serve', name, port, address));

/** A server for VS/DR: an interface on the client's own network, by which it answers, and the VIP. */
export async function servingDirect(cluster: Cluster, host: Host, address: string): Promise<void> {
  cluster.bed.cable(host, 'eth1', cluster.front, `${address}/24`);
  ok(host.weir(`realserver start --vip ${VIP}`));
  cluster.bed.undo(() => ok(host.weir(`realserver stop --vip ${VIP}`)));
  await serving(cluster, host, 80, VIP);
}

/** What XDP on veth needs: far ends that poll, and checksums that are there. */
export function pollingFarEnds({ client, web1, web2, front, back }: Cluster): void {
  for (const [lan, ports] of [
    [front, 2],
    [back, 3],
  ] as const) {
    assert.equal(
      ports,
      ok(lan.run(['sh', '-c', 'for p in /sys/class/net/port*; do ethtool -K ${p##*/} gro on tx off >/dev/null && echo $p; done'])).split(
        '\n',
      ).length - 1,
    );
  }
  for (const host of [client, web1, web2]) ok(host.run(['ethtool', '-K', 'eth0', 'tx', 'off']));
}

async function sinkOf(bed: Bed, host: Host): Promise<readonly string[]> {
  const { lines } = running(bed, host, station('sink', 9000));
  await until(
    () => lines,
    (seen) => seen[0] === 'ready',
  );
  return lines;
}

/** A big transfer from one host to the sink at port 9000 of another, by what it connects to: the same bytes come out. */
export async function transfer(bed: Bed, from: Host, to: Host, address: string, port: number, bytes = 16 << 20): Promise<void> {
  const lines = await sinkOf(bed, to);
  const sent = ok(from.run(station('bulk', address, port, bytes))).trim();
  await until(
    () => lines[1],
    (digest) => digest === sent,
  );
}

/** Transfers bytes to a client, from the source at port 9001 of a server, and waits until they are there unchanged. */
export async function download(bed: Bed, to: Host, from: Host, address: string, port: number, bytes = 16 << 20): Promise<void> {
  const { lines } = running(bed, from, station('source', 9001, bytes));
  await until(
    () => lines,
    (seen) => seen[0] === 'ready',
  );
  const came = ok(to.run(station('drain', address, port))).trim();
  await until(
    () => lines[1],
    (digest) => digest === came,
  );
}

/** A bigger one, which goes on while `work` is done. */
export async function transferWhile(bed: Bed, from: Host, to: Host, address: string, port: number, work: () => void): Promise<void> {
  const sink = await sinkOf(bed, to);
  const { lines } = running(bed, from, station('bulk', address, port, 64 << 20));
  work();
  const sent = await until(
    () => lines[0],
    (digest) => digest !== undefined,
  );
  await until(
    () => sink[1],
    (digest) => digest === sent,
  );
}
