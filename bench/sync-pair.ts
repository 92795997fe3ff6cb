// Two directors with the same services, a cable between them, and what keeps their connections the same: weir's own stream, or the daemons of the
// kernel's protocol.
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Conf, Dest } from '../src/datapath/ebpf/abi.gen.js';
import { readStreamStatus } from '../src/host/sync/stream-file.js';
import { type StreamStatus, wouldBreak } from '../src/model/stream-node.js';
import { type Datapath, openDatapath } from './datapath.js';
import { inside } from './inside.js';
import { establishFrom, learnHops } from './many-connections.js';
import { makePair } from './namespaces.js';
import { run, serve, stop } from './processes.js';
import { established, flowsOf } from './program-cases.js';
import { addPools, dropStations, makeStations, type StationPool, type Stations } from './stations.js';
import { allCpus } from './vrrp-pair.js';
import { until } from './wait.js';
import type { Wrapper } from './wrap.js';

const SERVICE = 1;
const FLOW_BITS = 28;
const pools: readonly StationPool[] = [{ id: SERVICE, servers: 4, method: 'route' }];
const packets = established('sync', SERVICE, FLOW_BITS);
const weir = fileURLToPath(new URL('../../bin/weir', import.meta.url));
const ipvsadm = fileURLToPath(new URL('../../bin/ipvsadm', import.meta.url));
const CABLE = 's0';
const addresses = ['10.97.0.1', '10.97.0.2'] as const;

/** Nanoseconds that all threads of a process have run. */
export function cpuOf(pid: number): number {
  const of = (thread: string): number => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
  return readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => sum + of(thread), 0);
}

export class SyncNode {
  readonly stations: Stations;
  #datapath: Datapath;
  #stream: ChildProcess | undefined;

  constructor(
    readonly name: string,
    readonly wrapper: Wrapper,
  ) {
    this.stations = makeStations(name, 4);
    this.#datapath = this.#open();
  }

  #open(): Datapath {
    return inside(this.stations.director, () => {
      const datapath = openDatapath((director) => addPools(director, pools));
      learnHops(datapath, packets, this.stations.interfaces.l0);
      datapath.clear();
      return datapath;
    });
  }

  /** Its tables are empty then. */
  reopen(): void {
    inside(this.stations.director, () => this.#datapath.close());
    this.#datapath = this.#open();
  }

  get folder(): string {
    return this.#datapath.folder;
  }

  /** Connections, by what the destinations count. */
  get connections(): number {
    const { conf, dests } = this.#datapath.director.tables;
    let sum = 0;
    for (let id = 1; id <= conf.get(0, Conf.destTop); id++) sum += dests.get(id, Dest.active) + dests.get(id, Dest.inactive);
    return sum;
  }

  /** Flows from this number on begin here, by tc: each run of more than one frame by XDP waits some 20 ms for the kernel, which connections do not come in. */
  establish(from: number, count: number): void {
    inside(this.stations.director, () =>
      establishFrom(this.wrapper, this.#datapath, { ...packets, kind: 'tc' }, this.stations.interfaces.l0, from, count),
    );
  }

  /** Nanoseconds of a packet of connections that are there, of so many flows, beside what the wrapper costs. */
  forwarding(flowBits: number, repeat: number): number {
    const { wrapper, stations } = this;
    return inside(stations.director, () => {
      wrapper.use(flowsOf({ ...packets, flowBits }, packets.frame, 'scattered', 0));
      wrapper.under(wrapper.empty('plain'), 'plain');
      const own = wrapper.run('plain', repeat, stations.interfaces.l0).nanoseconds;
      wrapper.under(this.#datapath.xdp, 'plain');
      return wrapper.run('plain', repeat, stations.interfaces.l0).nanoseconds - own;
    });
  }

  serve(key: string, peer: string): void {
    const { director } = this.stations;
    this.#stream = serve(director, ['taskset', '-c', allCpus, weir, 'sync', 'serve', '--key', key, peer]);
  }

  get process(): number {
    const { pid } = this.#stream ?? {};
    if (pid === undefined) throw new Error(`${this.name}: no process of the stream`);
    return pid;
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#stream?.kill(name);
  }

  get status(): StreamStatus | undefined {
    return inside(this.stations.director, readStreamStatus);
  }

  /** All that is here is at the peer, and the process has reported it. */
  get isCovered(): boolean {
    const { status } = this;
    return status !== undefined && wouldBreak(status) === 0;
  }

  startDaemon(role: 'master' | 'backup'): void {
    run(this.stations.director, [ipvsadm, '--start-daemon', role, '--mcast-interface', CABLE, '--syncid', '7']);
  }

  /** Of a daemon of the kernel's protocol. */
  daemonProcess(role: 'master' | 'backup'): number {
    const pids = run(undefined, ['ip', 'netns', 'pids', this.stations.director]).split('\n').filter(Boolean).map(Number);
    const found = pids.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').endsWith(`\0sync\0run\0${role}\0`));
    if (found === undefined) throw new Error(`${this.name}: no ${role}`);
    return found;
  }

  stopDaemon(role: 'master' | 'backup'): void {
    run(this.stations.director, [ipvsadm, '--stop-daemon', role]);
  }

  cable(isUp: boolean): void {
    run(this.stations.director, ['ip', 'link', 'set', CABLE, isUp ? 'up' : 'down']);
  }

  async stop(): Promise<void> {
    if (this.#stream !== undefined) await stop(this.#stream);
    this.#stream = undefined;
  }

  async close(): Promise<void> {
    await this.stop();
    inside(this.stations.director, () => this.#datapath.close());
    dropStations(this.stations);
  }
}

export class SyncPair {
  readonly #folder = mkdtempSync(join(tmpdir(), 'weir-bench-sync-'));
  readonly first: SyncNode;
  readonly second: SyncNode;

  constructor(wrapper: Wrapper) {
    this.first = new SyncNode('sya', wrapper);
    this.second = new SyncNode('syb', wrapper);
    const [a, b] = [this.first, this.second].map(({ stations }, index) => ({
      namespace: stations.director,
      device: CABLE,
      mac: `02:00:00:00:31:0${index + 1}`,
      address: `${addresses[index]}/24`,
    }));
    if (a !== undefined && b !== undefined) makePair(a, b);
    run(undefined, [weir, 'sync', 'keygen', join(this.#folder, 'key')]);
  }

  /** Both processes, before their tables are compared: the cable is down. */
  async serveApart(): Promise<void> {
    const { first, second } = this;
    first.cable(false);
    for (const [node, peer] of [
      [first, addresses[1]],
      [second, addresses[0]],
    ] as const)
      node.serve(join(this.#folder, 'key'), peer);
    await until('both processes run', () => first.status !== undefined && second.status !== undefined);
  }

  join(): void {
    this.first.cable(true);
  }

  async stop(): Promise<void> {
    await Promise.all([this.first.stop(), this.second.stop()]);
  }

  async close(): Promise<void> {
    await this.first.close();
    await this.second.close();
    rmSync(this.#folder, { recursive: true });
  }
}
