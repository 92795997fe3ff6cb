// The bed of the interop tests: two hosts on one cable, on each a VRRP daemon (ours or Debian's keepalived), and a capture that tshark decodes.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findCommand, projectRoot } from '../../src/lab/state/paths.js';
import { native } from '../../src/sys/addon.js';
import { Netns } from '../../src/sys/namespaces/netns.js';
import { AF, SOCK, socketAddress } from '../../src/sys/sockets/socket-address.js';
import { encodeAddress } from '../../src/wire/address-bytes.js';
import { Bed, type Host, noNamespaces } from '../support/netns-bed.js';
import { pidIn, signal } from '../support/pids.js';
import { noTools, type Skip } from '../support/probes.js';
import { decode, type Frame } from './frames.js';

/** Whose daemon runs on a host. */
export type Maker = 'weir' | 'debian';

export const program = (maker: Maker): string =>
  maker === 'weir' ? join(projectRoot(), 'bin', 'keepalived') : (findCommand('keepalived') ?? 'keepalived');

/** Namespaces, and the peer and the decoder that these tests judge by. The reason to skip, or false. */
export const skipWithoutPeer = (): Skip => noNamespaces() || noTools('keepalived', 'tshark', 'tcpdump');

/**
 * Waits until `condition` holds; after the time limit the test fails with `what` and the text of `details`. The condition may start a
 * process: on a busy machine it is evaluated less often, so that the evaluation does not delay what is waited for.
 */
export async function until(what: string, condition: () => boolean, details: () => string = () => '', seconds = 180): Promise<void> {
  for (const end = Date.now() + seconds * 1000; ; ) {
    const began = performance.now();
    if (condition()) return;
    if (Date.now() > end) throw new Error(`never happened: ${what}\n${details()}`);
    await delay(Math.max(50, 3 * (performance.now() - began)));
  }
}

/** What differs between two nodes' configurations; the rest is alike. */
export interface Settings {
  readonly priority: number;
  readonly version?: 2 | 3;
  /** Seconds, as written. */
  readonly interval?: string;
  readonly vips?: readonly string[];
  /** More lines of the instance. */
  readonly lines?: readonly string[];
  /** More lines of global_defs. */
  readonly globals?: readonly string[];
}

export const VIP = '10.99.0.100';
export const ADDRESS = { a: '10.99.0.1', b: '10.99.0.2' } as const;
/** 10.99.0.222, which is no host's. */
const NOBODY = 0x0a6300de;

/** One node's daemon in its namespace; it may be started, killed and started again. */
export class Node {
  #child: ChildProcess | undefined;
  #log = '';
  /** Where the log since its last start begins. */
  #born = 0;

  constructor(
    readonly host: Host,
    readonly maker: Maker,
    readonly device: string,
    readonly folder: string,
  ) {}

  /** keepalived.conf for one instance VI_1 on this node's cable. */
  configure({ priority, version = 2, interval = '1', vips = [`${VIP}/24`], lines = [], globals = [] }: Settings): string {
    return [
      'global_defs {',
      `  vrrp_version ${version}`,
      ...globals.map((line) => `  ${line}`),
      '}',
      'vrrp_instance VI_1 {',
      `  interface ${this.device}`,
      '  virtual_router_id 51',
      `  priority ${priority}`,
      `  advert_int ${interval}`,
      ...lines.map((line) => `  ${line}`),
      '  virtual_ipaddress {',
      ...vips.map((vip) => `    ${vip}`),
      '  }',
      '}',
      '',
    ].join('\n');
  }

  get #file(): string {
    return join(this.folder, `${this.host.name}.conf`);
  }

  #pidFile(kind: 'parent' | 'vrrp' | 'checker'): string {
    return join(this.folder, `${this.host.name}.${kind}.pid`);
  }

  start(configuration: string): void {
    writeFileSync(this.#file, configuration);
    this.#born = this.#log.length;
    const files = ['-f', this.#file, '-p', this.#pidFile('parent'), '-r', this.#pidFile('vrrp'), '-c', this.#pidFile('checker')];
    const child = spawn('ip', ['netns', 'exec', this.host.namespace, program(this.maker), '-n', '-l', '-D', '-G', '-P', ...files], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TMPDIR: this.folder },
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#log += text;
      });
    }
    this.#child = child;
  }

  /** Writes another configuration and asks for it with HUP. */
  reload(configuration: string): void {
    writeFileSync(this.#file, configuration);
    this.#child?.kill('SIGHUP');
  }

  /** Until its VRRP process answers a signal: what it was at before, it has done. */
  async settled(): Promise<void> {
    const answers = (): number => [...this.#log.matchAll(/Printing VRRP data for process/g)].length;
    const before = answers();
    this.#child?.kill('SIGUSR1');
    await until(
      `${this.host.name} answers`,
      () => answers() > before,
      () => this.log,
    );
  }

  signal(signal: NodeJS.Signals | number): void {
    if (this.#child?.pid !== undefined) process.kill(this.#child.pid, signal);
  }

  #pids(): readonly number[] {
    return (['vrrp', 'parent'] as const).map((kind) => pidIn(this.#pidFile(kind))).filter((pid) => pid > 0);
  }

  /** As a host that crashes: neither sends priority 0, and a parent that stands still starts no other child. */
  async crash(): Promise<void> {
    signal(pidIn(this.#pidFile('parent')), 'SIGSTOP', this.folder);
    for (const pid of this.#pids()) signal(pid, 'SIGKILL', this.folder);
    await this.#gone();
  }

  /** The parent alone. */
  async orphan(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#gone();
  }

  async stop(): Promise<void> {
    this.#child?.kill('SIGTERM');
    await this.#gone();
  }

  async #gone(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    const pids = this.#pids();
    const ended = () => (child.exitCode ?? child.signalCode) !== null && pids.every((pid) => !existsSync(`/proc/${pid}`));
    await until(`${this.host.name} ends`, ended, () => this.log);
  }

  /** Whether it ended without being stopped by the test. */
  get died(): boolean {
    return this.#child !== undefined && (this.#child.exitCode ?? this.#child.signalCode) !== null;
  }

  /** Ends it for good, whatever its state. */
  kill(): void {
    const child = this.#child;
    if (child === undefined) return;
    // The parent first: it would start another child in the place of one that died.
    for (const pid of [child.pid ?? 0, ...this.#pids()]) signal(pid, 'SIGKILL', this.folder);
    for (const stream of [child.stdout, child.stderr]) stream?.destroy();
  }

  /** Its log since its last start. */
  get log(): string {
    return this.#log.slice(this.#born);
  }

  hasLogged(pattern: RegExp): boolean {
    return pattern.test(this.log);
  }

  holds(vip = VIP): boolean {
    return this.host.ip('-o addr show').includes(` ${vip}/`);
  }

  /** As an operator who repairs a crashed host. */
  drop(vip: string): void {
    if (this.holds(vip.split('/')[0])) this.host.ip(`addr del ${vip} dev ${this.device}`);
  }
}

const FILTER = 'ip proto 112 or ip proto 51 or ip6 proto 112 or arp or (icmp6 and ip6[40]==136)';

/** Two nodes and the cable between them. */
export class Pair {
  readonly #bed = new Bed();
  readonly #folder = mkdtempSync(join(tmpdir(), 'weir-interop-'));
  readonly a: Node;
  readonly b: Node;
  #tcpdump: ChildProcess | undefined;

  /** `name`: short, of letters; its namespaces' names are made of it. */
  constructor(
    readonly name: string,
    a: Maker,
    b: Maker,
  ) {
    const [one, two] = [this.#bed.host(`${name}a`), this.#bed.host(`${name}b`)];
    for (const host of [one, two]) host.sysctl('net.ipv6.conf.default.accept_dad', '0');
    this.a = new Node(one, a, 'va', this.#folder);
    this.b = new Node(two, b, 'vb', this.#folder);
    this.cable('va', 'vb', `${ADDRESS.a}/24`, `${ADDRESS.b}/24`);
  }

  /** One more switch between the two: a link that goes down at one end stays up at the other. */
  cable(near: string, far: string, nearAddress: string, farAddress: string): void {
    const lan = this.#bed.lan(`${this.name}${near}`);
    this.#bed.cable(this.a.host, near, lan, nearAddress);
    this.#bed.cable(this.b.host, far, lan, farAddress);
  }

  get #capture(): string {
    return join(this.#folder, 'capture.pcap');
  }

  /** Waits until it is so. What never comes, or a daemon that died, ends the test with both logs. */
  async until(what: string, condition: () => boolean): Promise<void> {
    const dead = () => this.a.died || this.b.died;
    await until(
      what,
      () => condition() || dead(),
      () => '',
    );
    if (dead() && !condition()) throw new Error(`before this happened a daemon ended: ${what}`);
  }

  /** Resolves when the cables carry and the capture at b's end of the first one listens. */
  async listen(): Promise<void> {
    const carries = ({ host }: Node) => !host.ip('-o link show type veth').includes('NO-CARRIER');
    await until('the cables carry', () => carries(this.a) && carries(this.b));
    const args = [
      'netns',
      'exec',
      this.b.host.namespace,
      'tcpdump',
      '-i',
      'vb',
      '-n',
      '-U',
      '--immediate-mode',
      '-w',
      this.#capture,
      FILTER,
    ];
    const child = spawn('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let output = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    this.#tcpdump = child;
    await until(
      'tcpdump listens',
      () => /listening on/.test(output),
      () => output,
    );
  }

  /** All frames so far, decoded; the capture goes on. */
  frames(): Promise<readonly Frame[]> {
    return decode(this.#capture);
  }

  /** Until the capture has all frames of before: a question of ARP that comes behind them. */
  async #captureIsComplete(): Promise<void> {
    const netns = Netns.byName(this.b.host.namespace);
    const socket = netns.socket(AF.inet, SOCK.datagram, 0);
    native().sendto(socket.number, Uint8Array.of(0), socketAddress({ family: 'inet', words: [NOBODY] }, 9));
    const target = Buffer.from(encodeAddress({ family: 'inet', words: [NOBODY] }));
    await until('the capture is complete', () => readFileSync(this.#capture).includes(target));
    socket.close();
    netns.close();
  }

  /** Ends the capture and decodes it. */
  async captured(): Promise<readonly Frame[]> {
    const child = this.#tcpdump;
    // What tcpdump has not read when it is interrupted it does not write.
    if (child !== undefined) await this.#captureIsComplete();
    child?.kill('SIGINT');
    await until('tcpdump ends', () => child === undefined || child.exitCode !== null || child.signalCode !== null);
    this.#tcpdump = undefined;
    return decode(this.#capture);
  }

  /** Both logs, for the message of a failure. */
  story(): string {
    return [this.a, this.b].map((node) => `--- ${node.host.name} (${node.maker})\n${node.log}${node.host.ip('-o addr show')}`).join('\n');
  }

  close(): void {
    this.#tcpdump?.kill('SIGKILL');
    this.a.kill();
    this.b.kill();
    this.#bed.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Builds a pair while `work` runs; a failure contains both nodes' logs. */
export async function withPair(name: string, a: Maker, b: Maker, work: (pair: Pair) => Promise<void>): Promise<void> {
  const pair = new Pair(name, a, b);
  try {
    await work(pair);
  } catch (error) {
    // In the stack, which is what a reporter prints of an assertion.
    if (error instanceof Error) error.stack = `${error.stack ?? error.message}\n${pair.story()}`;
    throw error;
  } finally {
    pair.close();
  }
}
