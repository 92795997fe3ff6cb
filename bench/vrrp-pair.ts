// Two VRRP nodes on one switch for the bench: the same daemon on both, started, stopped, killed or cut off; adverts are captured.
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AdvertCapture } from './advert-capture.js';
import { dropNamespace, makeNamespace } from './namespaces.js';
import { run, start, stop } from './processes.js';

export type DaemonName = 'weir' | 'keepalived';

const weirDaemon = fileURLToPath(new URL('../../bin/keepalived', import.meta.url));
export const daemonOf = (daemon: DaemonName): string => (daemon === 'weir' ? weirDaemon : '/usr/sbin/keepalived');

export class Node {
  #child: ChildProcess | undefined;
  #log = '';

  constructor(
    readonly daemon: DaemonName,
    readonly namespace: string,
    readonly folder: string,
    readonly address: string,
  ) {}

  start(configuration: string): void {
    const at = (name: string): string => join(this.folder, `${this.address}.${name}`);
    writeFileSync(at('conf'), configuration);
    const files = ['-f', at('conf'), '-p', at('parent'), '-r', at('vrrp'), '-c', at('checker')];
    const child = start(this.namespace, ['taskset', '-c', allCpus, daemonOf(this.daemon), '-n', '-l', '-D', '-G', '-P', ...files]);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (text: Buffer) => {
        this.#log += text.toString();
      });
    }
    this.#child = child;
  }

  /** Of the whole daemon: parent first. */
  pids(): readonly number[] {
    return ['parent', 'vrrp']
      .map((name) => join(this.folder, `${this.address}.${name}`))
      .filter((path) => existsSync(path))
      .map((path) => Number(readFileSync(path, 'utf8')))
      .filter((pid) => pid > 0 && existsSync(`/proc/${pid}`));
  }

  /** To all its processes. */
  signal(name: NodeJS.Signals): void {
    for (const pid of [...this.pids()].reverse()) process.kill(pid, name);
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child !== undefined) await stop(child);
    this.#child = undefined;
    run(this.namespace, ['sh', '-c', 'ip -4 addr flush dev eth0 scope global to 10.99.1.0/24']);
  }

  get log(): string {
    return this.#log;
  }

  /** Seconds of CPU that its processes have used. */
  cpu(): number {
    return this.pids().reduce((sum, pid) => {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      return sum + (Number(fields[11]) + Number(fields[12])) / 100;
    }, 0);
  }
}

/** Every CPU of this machine, for children of a bench that is pinned to one. */
export const allCpus = `0-${readFileSync('/sys/devices/system/cpu/online', 'utf8').trim().split(/[-,]/).at(-1) ?? '0'}`;

/** Two nodes and a third host on a bridge. */
export class VrrpPair {
  readonly #folder = mkdtempSync(join(tmpdir(), 'weir-bench-vrrp-'));
  readonly #switch: string;
  readonly #namespaces: string[] = [];
  readonly a: Node;
  readonly b: Node;
  /** A third host on the switch, 10.99.0.3: the source of the flood. */
  readonly other: string;

  constructor(name: string, daemon: DaemonName) {
    this.#switch = this.#host(`${name}sw`);
    run(this.#switch, ['ip', 'link', 'add', 'br0', 'type', 'bridge', 'mcast_snooping', '0', 'forward_delay', '0']);
    run(this.#switch, ['ip', 'link', 'set', 'br0', 'up']);
    const node = (letter: string, address: string): Node =>
      new Node(daemon, this.#plug(`${name}${letter}`, letter, address), this.#folder, address);
    this.a = node('a', '10.99.0.1');
    this.b = node('b', '10.99.0.2');
    this.other = this.#plug(`${name}c`, 'c', '10.99.0.3');
  }

  #host(name: string): string {
    const full = makeNamespace(name);
    this.#namespaces.push(full);
    return full;
  }

  #plug(name: string, port: string, address: string): string {
    const host = this.#host(name);
    run(undefined, ['ip', 'link', 'add', 'eth0', 'netns', host, 'type', 'veth', 'peer', 'name', port, 'netns', this.#switch]);
    run(this.#switch, ['ip', 'link', 'set', 'dev', port, 'master', 'br0', 'up']);
    run(host, ['ip', 'addr', 'add', `${address}/16`, 'dev', 'eth0']);
    run(host, ['ip', 'link', 'set', 'eth0', 'up']);
    return host;
  }

  /** The switch's port to node a. */
  link(state: 'up' | 'down'): void {
    run(this.#switch, ['ip', 'link', 'set', 'dev', 'a', state]);
  }

  capture(): AdvertCapture {
    return new AdvertCapture(this.b.namespace, 'eth0');
  }

  async close(): Promise<void> {
    for (const node of [this.a, this.b]) node.signal('SIGCONT');
    await Promise.all([this.a.stop(), this.b.stop()]);
    for (const full of this.#namespaces) dropNamespace(full);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export interface Settings {
  readonly priority: number;
  readonly version: 2 | 3;
  readonly interval: string;
  readonly lines?: readonly string[];
  /** How many instances, of VRIDs from 1. */
  readonly count?: number;
}

/** keepalived.conf with `count` instances. */
export const configuration = ({ priority, version, interval, lines = [], count = 1 }: Settings): string =>
  [
    `global_defs {\n  vrrp_version ${version}\n  vrrp_min_garp\n}`,
    ...Array.from({ length: count }, (_, index) =>
      [
        `vrrp_instance V${index + 1} {`,
        '  interface eth0',
        `  virtual_router_id ${index + 1}`,
        `  priority ${priority}`,
        `  advert_int ${interval}`,
        ...lines.map((line) => `  ${line}`),
        `  virtual_ipaddress {\n    10.99.1.${index + 1}/32\n  }`,
        '}',
      ].join('\n'),
    ),
    '',
  ].join('\n');
