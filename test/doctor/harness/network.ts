// Builds a set-up: a namespace for each host, one more with a bridge for each network, and cables between them.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unlessCode } from '../../../src/sys/errno.js';
import { removeNetns } from '../../../src/sys/namespaces/remove-netns.js';
import { atExit } from '../../support/at-exit.js';
import { namespaceOf, removeLeftNamespaces } from '../../support/left-namespaces.js';
import { endpointOf, HarnessHost } from './host.js';
import type { HostPlan, SetUp, Step, Steps } from './types.js';

let networks = 0;

/** Of a set-up's namespaces. */
const BEGINNING = 'wdoc';

/** The namespace of all switches, as a host of steps: `['wires', 'ip link set s1-eth0 down']` unplugs a cable. */
const SWITCHES = 'wires';

/** Several lines of iproute2 in one process. */
function ipLines(namespace: string | undefined, lines: readonly string[]): void {
  const where = namespace === undefined ? [] : ['-n', namespace];
  const { status, stderr } = spawnSync('ip', [...where, '-batch', '-'], { input: `${lines.join('\n')}\n`, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${lines.join('; ')}: ${stderr}`);
}

interface Cable {
  readonly host: string;
  readonly name: string;
  readonly network: string;
  readonly addresses: readonly string[];
}

function cablesOf({ hosts }: SetUp): readonly Cable[] {
  return Object.entries(hosts).flatMap(([host, { cables = {} }]) =>
    Object.entries(cables).map(([name, text]) => {
      const [network = '', ...addresses] = text.split(' ');
      return { host, name, network, addresses };
    }),
  );
}

/** The switch's port of an interface: `s1-eth0`. */
const portOf = ({ host, name }: Cable): string => `${host}-${name}`;

const withOptions = (address: string): string => (address.includes(':') ? `${address} nodad` : address);

export class Network {
  readonly #hosts = new Map<string, HarnessHost>();
  readonly #namespaces: string[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), 'weir-doctor-'));
  readonly #number: number;
  readonly #takeBackExit: () => void;

  private constructor(readonly setUp: SetUp) {
    networks += 1;
    this.#number = networks;
    if (networks === 1) removeLeftNamespaces(BEGINNING);
    this.#takeBackExit = atExit(() => this.#remove());
  }

  static async build(setUp: SetUp): Promise<Network> {
    const network = new Network(setUp);
    try {
      network.#plug();
      for (const [name, plan] of Object.entries(setUp.hosts)) await network.#prepare(name, plan);
    } catch (error) {
      await network.close();
      throw error;
    }
    return network;
  }

  #nameOf(host: string): string {
    return namespaceOf(this.#number, host, BEGINNING);
  }

  #namespace(name: string): string {
    const namespace = this.#nameOf(name);
    ipLines(undefined, [`netns add ${namespace}`]);
    this.#namespaces.push(namespace);
    return namespace;
  }

  #plug(): void {
    const { networks: names, hosts } = this.setUp;
    const wires = this.#namespace(SWITCHES);
    const namespaces = new Map(Object.keys(hosts).map((host) => [host, this.#namespace(host)]));
    const cables = cablesOf(this.setUp);
    ipLines(wires, [
      'link set lo up',
      ...names.flatMap((name) => [`link add ${name} type bridge mcast_snooping 0`, `link set ${name} up`]),
    ]);
    if (cables.length > 0) {
      ipLines(
        undefined,
        cables.map(
          (cable) => `link add ${cable.name} netns ${namespaces.get(cable.host)} type veth peer name ${portOf(cable)} netns ${wires}`,
        ),
      );
      ipLines(
        wires,
        cables.map((cable) => `link set ${portOf(cable)} master ${cable.network} up`),
      );
    }
    for (const [host, namespace] of namespaces) {
      const own = cables.filter((cable) => cable.host === host);
      ipLines(namespace, [
        'link set lo up',
        ...own.map(({ name }) => `link set ${name} up`),
        ...own.flatMap(({ name, addresses }) => addresses.map((address) => `addr add ${withOptions(address)} dev ${name}`)),
      ]);
      this.#hosts.set(host, new HarnessHost(host, namespace, this.#folder));
    }
  }

  async #prepare(name: string, { run = [], listen = [], keepalived }: HostPlan): Promise<void> {
    const host = this.host(name);
    if (run.length > 0) await host.must({ kind: 'run', command: `set -e\n${run.join('\n')}`, timeoutMs: 120_000 });
    for (const at of listen) await this.#step(host, { listen: at });
    if (keepalived !== undefined) await this.#step(host, { keepalived: { text: keepalived } });
  }

  host(name: string): HarnessHost {
    if (name === SWITCHES && !this.#hosts.has(name)) {
      this.#hosts.set(name, new HarnessHost(name, this.#nameOf(name), this.#folder));
    }
    const host = this.#hosts.get(name);
    if (host === undefined) throw new RangeError(`${this.setUp.name} has no host ${name}`);
    return host;
  }

  /** The host that a fix names: by its name here, or by one of its addresses or MACs. */
  async hostNamed(text: string): Promise<HarnessHost | undefined> {
    for (const host of this.#hosts.values()) {
      if (host.name === text) return host;
      const { text: addresses } = await host.run('ip -o addr show; ip -o link show');
      const words = addresses.split(/\s+/).map((word) => word.replace(/\/\d+$/, ''));
      if (words.includes(text)) return host;
    }
    return undefined;
  }

  #path(host: HarnessHost, name: string): string {
    return join(this.#folder, `${host.name}.${name}`);
  }

  async #step(host: HarnessHost, step: Step): Promise<void> {
    if (typeof step === 'string') await host.must({ kind: 'run', command: step, timeoutMs: 120_000 });
    else if ('listen' in step) await host.must({ kind: 'listen', at: endpointOf(step.listen), answer: host.name });
    else if ('close' in step) await host.must({ kind: 'close', at: endpointOf(step.close) });
    else if ('start' in step) await host.must({ kind: 'start', name: step.as, command: step.start });
    else if ('stop' in step) await host.must({ kind: 'stop', name: step.stop, signal: 'SIGTERM' });
    else if (step.keepalived === 'stop') await host.must({ kind: 'stop', name: 'keepalived', signal: 'SIGTERM' });
    else if (step.keepalived === 'kill') await host.must({ kind: 'stop', name: 'keepalived', signal: 'SIGKILL' });
    else {
      const file = this.#path(host, 'conf');
      writeFileSync(file, step.keepalived.text.replaceAll('$NAME', host.name), { mode: 0o600 });
      const pidFiles = ['-p', '-r', '-c', '-b'].map((option) => `${option} ${this.#path(host, `pid${option}`)}`).join(' ');
      await host.must({
        kind: 'start',
        name: 'keepalived',
        command: `keepalived -n -l -D -f ${file} ${pidFiles} >>${this.#path(host, 'log')} 2>&1`,
      });
    }
  }

  /** The end of the log of each daemon. */
  async logs(): Promise<string> {
    const texts: string[] = [];
    for (const host of this.#hosts.values()) {
      const { text } = await host.run(`tail -n 12 ${this.#path(host, 'log')} 2>/dev/null`);
      if (text !== '') texts.push(`log of ${host.name}:\n${text}`);
    }
    return texts.join('');
  }

  async carryOut(steps: Steps): Promise<void> {
    for (const [name, ...rest] of steps) for (const step of rest) await this.#step(this.host(name), step);
  }

  #remove(): void {
    for (const namespace of this.#namespaces.splice(0)) {
      const { stdout } = spawnSync('ip', ['netns', 'pids', namespace], { encoding: 'utf8' });
      for (const pid of stdout.split('\n').map(Number)) {
        if (pid > 0) unlessCode(() => process.kill(pid, 'SIGKILL'), ['ESRCH'], true);
      }
      const obstacle = removeNetns(namespace);
      if (obstacle !== undefined) process.stderr.write(`ip netns del ${namespace}: ${obstacle}\n`);
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async close(): Promise<void> {
    this.#takeBackExit();
    for (const host of this.#hosts.values()) {
      const plan = this.setUp.hosts[host.name];
      if (plan !== undefined && /ipvsadm|weir load|virtual_server/.test(JSON.stringify(plan))) await host.run('weir unload');
      await host.close();
    }
    this.#remove();
  }
}
