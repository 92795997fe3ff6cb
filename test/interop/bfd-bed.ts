// The bed of the BFD tests: hosts on one switch, on each a daemon, ours or Debian's, and a capture that tshark decodes.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileOptions } from '../support/file-options.js';
import { Bed, type Host } from '../support/netns-bed.js';
import { pidIn, signal, signalledPid } from '../support/pids.js';
import { RunningDaemon } from '../support/running-daemon.js';
import { type Maker, program } from './harness.js';

export const block = (head: string, lines: readonly string[]): string =>
  [`${head} {`, ...lines.map((line) => `  ${line}`), '}', ''].join('\n');
export const session = (name: string, neighbour: string, source: string, ...lines: readonly string[]): string =>
  block(`bfd_instance ${name}`, [`neighbor_ip ${neighbour}`, `source_ip ${source}`, ...lines]);

const FIELDS = [
  'ip.src',
  'ip.ttl',
  'udp.srcport',
  'udp.dstport',
  'bfd.version',
  'bfd.diag',
  'bfd.sta',
  'bfd.flags.p',
  'bfd.flags.f',
  'bfd.flags.c',
  'bfd.flags.a',
  'bfd.flags.d',
  'bfd.flags.m',
  'bfd.detect_time_multiplier',
  'bfd.message_length',
  'bfd.my_discriminator',
  'bfd.your_discriminator',
  'bfd.desired_min_tx_interval',
  'bfd.required_min_rx_interval',
  'bfd.required_min_echo_interval',
  '_ws.malformed',
] as const;
export type BfdFrame = Readonly<Record<(typeof FIELDS)[number], string>>;

/** One host's daemon; it may be started and ended several times. */
export class Node {
  daemon: RunningDaemon | undefined;

  constructor(
    readonly host: Host,
    readonly maker: Maker,
    readonly folder: string,
  ) {}

  #path(kind: string): string {
    return join(this.folder, `${this.host.name}.${kind}`);
  }

  start(configuration: string, ...options: readonly string[]): RunningDaemon {
    this.write(configuration);
    const files = fileOptions((kind) => this.#path(kind));
    const argv = ['ip', 'netns', 'exec', this.host.namespace, program(this.maker), '-n', '-l', '-D', '-G', ...files, ...options];
    this.daemon = new RunningDaemon(argv, { TMPDIR: this.folder });
    return this.daemon;
  }

  write(configuration: string): void {
    writeFileSync(this.#path('conf'), configuration);
  }

  /** The process whose pid file `-LETTER` names. */
  pidOf(letter: 'p' | 'r' | 'b'): number {
    return pidIn(this.#path(`${letter}.pid`));
  }

  signal(letter: 'p' | 'r' | 'b', name: NodeJS.Signals): void {
    process.kill(signalledPid(this.#path(`${letter}.pid`)), name);
  }

  /** Kills its BFD process and its parent together, so that the parent does not start another. */
  async crash(): Promise<void> {
    this.kill();
    await this.daemon?.ended();
    // Its orphans may wait for an init that takes its time: the next daemon would take them for alive.
    for (const letter of ['p', 'r', 'c', 'b']) rmSync(this.#path(`${letter}.pid`), { force: true });
  }

  holds(address: string): boolean {
    return this.host.ip('-o addr show').includes(` ${address}/`);
  }

  /** A parent that stands still starts no other child; one that is killed first has its children end in order, with AdminDown to neighbours. */
  kill(): void {
    signal(this.pidOf('p'), 'SIGSTOP', this.folder);
    for (const letter of ['b', 'r', 'p'] as const) signal(this.pidOf(letter), 'SIGKILL', this.folder);
    signal(this.daemon?.pid ?? 0, 'SIGKILL', this.folder);
  }
}

export class BfdBed {
  readonly #bed = new Bed();
  readonly folder = mkdtempSync(join(tmpdir(), 'weir-bfd-'));
  readonly #nodes: Node[] = [];
  readonly #lan: Host;
  #tcpdump: ChildProcess | undefined;

  /** `name`: short, of letters; its namespaces' names are made of it. */
  constructor(readonly name: string) {
    this.#lan = this.#bed.lan(`${name}lan`);
  }

  /** A host on the switch, by eth0. */
  node(name: string, maker: Maker, ...addresses: readonly string[]): Node {
    const host = this.#bed.host(`${this.name}${name}`);
    host.sysctl('net.ipv6.conf.default.accept_dad', '0');
    this.#bed.cable(host, 'eth0', this.#lan, ...addresses);
    const node = new Node(host, maker, this.folder);
    this.#nodes.push(node);
    return node;
  }

  /** Captures BFD at a node's eth0 from now on; resolves when it listens. */
  listen({ host }: Node): Promise<void> {
    const argv = [
      'netns',
      'exec',
      host.namespace,
      'tcpdump',
      '-i',
      'eth0',
      '-n',
      '-U',
      '--immediate-mode',
      '-w',
      join(this.folder, 'pcap'),
    ];
    const child = spawn('ip', [...argv, 'udp port 3784 or udp port 4784'], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#tcpdump = child;
    return new Promise((done, fail) => {
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        if (text.includes('listening on')) done();
      });
      child.once('exit', (status) => fail(new Error(`tcpdump ended with ${status}`)));
    });
  }

  /** What tshark makes of all that was captured. */
  frames(): readonly BfdFrame[] {
    const args = ['-r', join(this.folder, 'pcap'), '-n', '-T', 'fields', '-E', 'separator=/t', ...FIELDS.flatMap((name) => ['-e', name])];
    const { stdout } = spawnSync('tshark', args, { encoding: 'utf8', maxBuffer: 64 << 20 });
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const cells = line.split('\t');
        return Object.fromEntries(FIELDS.map((name, index) => [name, cells[index] ?? ''])) as BfdFrame;
      });
  }

  /** All logs, for the message of a failure. */
  story(): string {
    return this.#nodes.map(({ host, maker, daemon }) => `--- ${host.name} (${maker})\n${daemon?.lines.join('\n')}`).join('\n');
  }

  close(): void {
    this.#tcpdump?.kill('SIGKILL');
    for (const node of this.#nodes) node.kill();
    this.#bed.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Builds a bed while `work` runs; a failure contains all logs. */
export async function withBed(name: string, work: (bed: BfdBed) => Promise<void>): Promise<void> {
  const bed = new BfdBed(name);
  try {
    await work(bed);
  } catch (error) {
    if (error instanceof Error) error.message += `\n${bed.story()}`;
    throw error;
  } finally {
    bed.close();
  }
}
