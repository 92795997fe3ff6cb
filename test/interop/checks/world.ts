// One daemon's surroundings: a namespace with the addresses of all servers on its loopback. One after the other several cases use it.

import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Netns } from '../../../src/sys/namespaces/netns.js';
import { Bed, type Host } from '../../support/netns-bed.js';
import type { Maker } from '../harness.js';
import { SERVERS } from './servers.js';

const execute = promisify(execFile);

export const RELAY = '10.1.0.25';
/** Of the daemon, and of the other end of its BFD sessions. */
export const BFD_ADDRESSES = { own: '10.3.0.1', neighbour: '10.3.0.2' } as const;

const QUIET_MAX_MS = 20_000;

export class World {
  readonly host: Host;
  readonly netns: Netns;
  #neighbour: Host | undefined;

  constructor(
    readonly maker: Maker,
    readonly bed: Bed,
    readonly name: string,
  ) {
    this.host = bed.host(name);
    for (const address of [...Object.values(SERVERS), RELAY]) this.host.ip(`addr add ${address}/32 dev lo`);
    this.netns = Netns.byName(this.host.namespace);
    // Now rather than in the first case: it takes the processor for a second.
    if (maker === 'weir') this.host.weir('load');
  }

  /** The host at the other end of BFD sessions, made when a case first asks for it. */
  get neighbour(): Host {
    if (this.#neighbour !== undefined) return this.#neighbour;
    const lan = this.bed.lan(`${this.name}l`);
    this.#neighbour = this.bed.host(`${this.name}n`);
    this.bed.cable(this.host, 'eth0', lan, `${BFD_ADDRESSES.own}/24`);
    this.bed.cable(this.#neighbour, 'eth0', lan, `${BFD_ADDRESSES.neighbour}/24`);
    return this.#neighbour;
  }

  /** A command in this namespace; this process goes on meanwhile. */
  async run(...argv: readonly string[]): Promise<void> {
    await execute('ip', ['netns', 'exec', this.host.namespace, ...argv]);
  }

  /** Until the scripts and readers that a daemon left have ended, which write after its end; one that goes on for long is not waited for. */
  async quiet(): Promise<void> {
    const running = async (): Promise<boolean> => (await execute('ip', ['netns', 'pids', this.host.namespace])).stdout !== '';
    for (const end = Date.now() + QUIET_MAX_MS; (await running()) && Date.now() < end; ) await delay(100);
  }

  /** What a daemon leaves for the next one: another case must not begin with it. */
  forget(): void {
    rmSync(`/run/weir/health/${this.netns.cookie}.json`, { force: true });
  }

  close(): void {
    this.netns.close();
    if (this.maker === 'weir') this.host.weir('unload');
  }
}

/** Two worlds that are alike but for the daemon. */
export class Worlds {
  readonly #bed = new Bed();
  readonly weir: World;
  readonly debian: World;

  constructor(name: string) {
    this.weir = new World('weir', this.#bed, `${name}w`);
    this.debian = new World('debian', this.#bed, `${name}d`);
  }

  close(): void {
    this.weir.close();
    this.debian.close();
    this.#bed.close();
  }
}
