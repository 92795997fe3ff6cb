// A bed of network namespaces for tests: hosts, cables and switches, made with iproute2 and always removed at the end.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { processesIn } from '../../src/sys/namespaces/processes-in.js';
import { removeNetns } from '../../src/sys/namespaces/remove-netns.js';
import { signalProcess } from '../../src/sys/processes/child.js';
import { atExit } from './at-exit.js';
import { namespaceOf, removeLeftNamespaces } from './left-namespaces.js';
import { noRoot, noTools, type Skip } from './probes.js';

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The program as it is installed: the compiled modules one by one take three times as long to start. */
export const ENTRY = fileURLToPath(new URL('../../../dist/weir.cjs', import.meta.url));

function ip(args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('ip', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** Why such beds cannot be made here, or false when they can: only root may. */
export function noNamespaces(): Skip {
  return noRoot() || noTools('ip');
}

/** iproute2's error for a name in /run/netns that another test is making or removing: it reads all of them. */
const STRANGERS = /^Error: Peer netns reference is invalid\.\n/gm;

const RUN_MAX_MS = 180_000;

/** One host: a namespace with a name of its own. */
export class Host {
  constructor(
    readonly name: string,
    readonly namespace: string,
  ) {}

  /** iproute2 inside this host; throws with its error output when it fails. */
  ip(line: string): string {
    return ip(['-n', this.namespace, ...line.split(' ')]);
  }

  /** A command that does not end within three minutes is killed, with the status -1: its error output then has what it printed until then. */
  run(argv: readonly string[], input = ''): Ran {
    const { status, stdout, stderr, signal } = spawnSync('ip', ['netns', 'exec', this.namespace, ...argv], {
      encoding: 'utf8',
      input,
      timeout: RUN_MAX_MS,
    });
    const own = stderr.replace(STRANGERS, '');
    const ended =
      status !== null ? '' : `\nended by ${signal} after at most ${RUN_MAX_MS / 1000} s; it had printed ${stdout.length} characters\n`;
    return { status: status ?? -1, stdout, stderr: `${own}${ended}` };
  }

  /** A weir command as a user types it. */
  weir(line: string): Ran {
    return this.run([process.execPath, ENTRY, 'weir', ...line.split(' ').filter((word) => word !== '')]);
  }

  ipvsadm(line: string): Ran {
    return this.run([process.execPath, ENTRY, 'ipvsadm', ...line.split(' ')]);
  }

  sysctl(key: string, value?: string): string {
    const path = `/proc/sys/${key.replaceAll('.', '/')}`;
    const { stdout, stderr, status } = this.run(value === undefined ? ['cat', path] : ['sh', '-c', `echo ${value} > ${path}`]);
    if (status !== 0) throw new Error(`${key}: ${stderr}`);
    return stdout.trim();
  }

  /** Starts a process that keeps running, and waits for its first line of output, or for one that matches. */
  serve(bed: Bed, argv: readonly string[], ready = /\n/): Promise<void> {
    const child = spawn('ip', ['netns', 'exec', this.namespace, ...argv], { stdio: ['ignore', 'pipe', 'inherit'] });
    bed.endsWith(child);
    return new Promise((done, fail) => {
      let output = '';
      const limit = setTimeout(() => fail(new Error(`${argv.join(' ')} printed no ${ready}, but: ${output}`)), RUN_MAX_MS);
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        if (!ready.test(output)) return;
        clearTimeout(limit);
        done();
      });
      child.once('exit', (status) => {
        clearTimeout(limit);
        fail(new Error(`${argv.join(' ')} ended with ${status}`));
      });
    });
  }

  /** A TCP server that answers each connection with this host's name. */
  listen(bed: Bed, address: string, port: number): Promise<void> {
    const program = `require('net').createServer((c)=>{c.on('error',()=>{});c.end('${this.name}\\n')}).listen(${port},'${address}',()=>console.log('ready'))`;
    return this.serve(bed, [process.execPath, '-e', program]);
  }
}

let beds = 0;

export class Bed {
  /** Several beds of a process may be there side by side. */
  readonly #number = ++beds;
  readonly #ends: (() => void)[] = [];
  readonly #namespaces: string[] = [];
  readonly #takeBackExit: () => void;
  /** Of processes that run. */
  readonly #exits = new Set<Promise<unknown>>();
  #count = 0;
  #isPart = false;

  constructor() {
    this.#takeBackExit = atExit(() => this.close());
    if (this.#number === 1) removeLeftNamespaces();
  }

  atEnd(work: () => void): void {
    this.#ends.push(work);
  }

  /** The process is killed at the end. */
  endsWith(child: ChildProcess): void {
    const exit = new Promise((done) => child.once('exit', done).once('error', done));
    this.#exits.add(exit);
    exit.then(() => this.#exits.delete(exit));
    this.atEnd(() => child.kill('SIGKILL'));
  }

  /** What is to be undone after a part of the bed's use (`part`); at the bed's own end it goes with the namespaces. */
  undo(work: () => void): void {
    if (this.#isPart) this.#ends.push(work);
  }

  /** What `work` starts, plugs in and is to undo is gone when it has ended: the next part of the bed's use finds it as it was. */
  async part(work: () => Promise<void>): Promise<void> {
    const [before, running] = [this.#ends.length, new Set(this.#exits)];
    this.#isPart = true;
    try {
      await work();
    } finally {
      this.#isPart = false;
      for (const end of this.#ends.splice(before).reverse()) end();
      await Promise.all([...this.#exits].filter((exit) => !running.has(exit)));
    }
  }

  /** A folder for files, which goes at the end. */
  folder(beginning: string): string {
    const folder = mkdtempSync(join(tmpdir(), beginning));
    this.atEnd(() => rmSync(folder, { recursive: true, force: true }));
    return folder;
  }

  host(name: string): Host {
    const namespace = namespaceOf(this.#number, name);
    ip(['netns', 'add', namespace]);
    this.#namespaces.push(namespace);
    ip(['-n', namespace, 'link', 'set', 'lo', 'up']);
    return new Host(name, namespace);
  }

  /** A host that is a switch: cable hosts to it with `cable`. */
  lan(name: string): Host {
    const lan = this.host(name);
    lan.ip('link add bridge type bridge');
    lan.ip('link set bridge up');
    return lan;
  }

  /** Plugs `host` into a switch by a new interface with these addresses. */
  cable(host: Host, device: string, lan: Host, ...addresses: readonly string[]): void {
    this.#count += 1;
    ip(['link', 'add', device, 'netns', host.namespace, 'type', 'veth', 'peer', 'name', `port${this.#count}`, 'netns', lan.namespace]);
    lan.ip(`link set port${this.#count} master bridge up`);
    host.ip(`link set ${device} up`);
    this.undo(() => host.ip(`link del ${device}`));
    for (const address of addresses) host.ip(`addr add ${address} dev ${device}`);
  }

  /** Ends what was started and removes the namespaces; twice does nothing. */
  close(): void {
    this.#takeBackExit();
    for (const end of this.#ends.splice(0).reverse()) end();
    for (const namespace of this.#namespaces.splice(0)) {
      // Daemons that a command left in the background.
      for (const left of processesIn(namespace)) if (left !== process.pid) signalProcess(left, 'SIGKILL');
      const obstacle = removeNetns(namespace);
      if (obstacle !== undefined) process.stderr.write(`ip netns del ${namespace}: ${obstacle}\n`);
    }
  }
}

/** Until duplicate address detection is over on these hosts: link-local addresses are tentative for a second or two. */
export async function untilAddressesAreUsed(...hosts: readonly Host[]): Promise<void> {
  for (let tries = 0; tries < 600 && hosts.some((host) => / tentative/.test(host.ip('-6 addr show'))); tries++) await pause(100);
}
