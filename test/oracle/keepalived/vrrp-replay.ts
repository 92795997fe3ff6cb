// Replays recorded runs of keepalived 2.2.7 with weir's VRRP machine: the same configurations and events at the same times, one or two
// nodes on a link without loss. Adverts with other addresses are refused, as before 2.3.3.

import type { ConfigFiles } from '../../../src/config/keepalived/lines/config-files.js';
import { readKeepalived } from '../../../src/config/keepalived/read.js';
import type { Effect, Input, InterfaceFacts, ReceivedPacket, ScriptOutcome } from '../../../src/control/vrrp/messages.js';
import { initialState, type VrrpMachine } from '../../../src/control/vrrp/state/vrrp-machine.js';
import { step } from '../../../src/control/vrrp/step.js';
import { scriptsInUse } from '../../../src/control/vrrp/track/health.js';
import { type Address, isMulticast } from '../../../src/model/address.js';
import { formatAddress } from '../../../src/model/address-text.js';
import { sameAddress } from '../../../src/model/identity.js';
import type { KeepalivedConfiguration } from '../../../src/model/keepalived/configuration.js';
import { ip } from '../../support/ip.js';
import { onTheWire } from '../../support/vrrp-node.js';

export type NodeName = 'A' | 'B';

/** Times in seconds since the recorder began. */
export interface RecordedEvent {
  readonly at: number;
  readonly node: NodeName;
  readonly kind:
    | 'start'
    | 'reload'
    | 'stop'
    | 'deaf'
    | 'hears'
    | 'script'
    | 'file'
    | 'lost'
    | 'up'
    | 'down'
    | 'assigned'
    | 'deassigned'
    | 'added'
    | 'deleted';
  readonly conf?: number;
  readonly value?: string;
  readonly what?: 'address' | 'route' | 'rule';
  readonly interface?: string;
  readonly address?: string;
}

export type LogLine = readonly [at: number, text: string];

export interface Recording {
  readonly configurations: Partial<Record<NodeName, readonly string[]>>;
  readonly events: readonly RecordedEvent[];
  readonly logs: Partial<Record<NodeName, readonly LogLine[]>>;
}

interface Node {
  readonly name: NodeName;
  state: VrrpMachine;
  wakeAtUs: number | undefined;
  running: boolean;
  receives: boolean;
  configuration: KeepalivedConfiguration | undefined;
  interfaces: Map<string, InterfaceFacts>;
  /** The next run of each script. */
  scripts: Map<string, number>;
  scriptText: string;
  fileValue: number;
  readonly log: LogLine[];
}

const SECOND = 1_000_000;
const WIRE_US = 500;
/** The duration of a script. */
const SCRIPT_US = 4000;
/** The ends of the recorder's cables. */
const farEnd: Readonly<Record<string, string>> = { vA: 'vB', vB: 'vA', vC: 'vD', vD: 'vC' };

function parse(text: string): KeepalivedConfiguration | undefined {
  const files: ConfigFiles = { read: () => ({ kind: 'text', text }), list: () => ['keepalived.conf'] };
  return readKeepalived(files, { path: '/keepalived.conf', configId: 'vm', environment: {} }).configuration;
}

export class Replay {
  readonly #nodes: Readonly<Record<NodeName, Node>>;
  readonly #recording: Recording;
  /** Packets on their way. */
  readonly #wire: { readonly atUs: number; readonly to: Node; readonly packet: ReceivedPacket }[] = [];
  #nowUs = 0;

  constructor(recording: Recording) {
    this.#recording = recording;
    this.#nodes = { A: this.#node('A'), B: this.#node('B') };
  }

  #node(name: NodeName): Node {
    return {
      name,
      state: initialState(),
      wakeAtUs: undefined,
      running: false,
      receives: true,
      configuration: undefined,
      interfaces: new Map(),
      scripts: new Map(),
      scriptText: '0',
      fileValue: 0,
      log: [],
    };
  }

  /** The whole recording; each node's lines. */
  run(): Readonly<Record<NodeName, readonly LogLine[]>> {
    for (const event of this.#recording.events) {
      this.#pass(Math.round(event.at * SECOND));
      this.#happen(this.#nodes[event.node], event);
    }
    this.#pass(this.#nowUs + 2 * SECOND);
    return { A: this.#nodes.A.log, B: this.#nodes.B.log };
  }

  #pass(untilUs: number): void {
    for (;;) {
      const due = Object.values(this.#nodes).map((node) => [this.#dueUs(node), node] as const);
      const [next] = due.sort(([a], [b]) => a - b);
      const [packet] = this.#wire;
      if (packet !== undefined && packet.atUs <= Math.min(untilUs, next?.[0] ?? untilUs)) {
        this.#deliver();
      } else if (next !== undefined && next[0] <= untilUs) {
        this.#nowUs = Math.max(this.#nowUs, next[0]);
        this.#wake(next[1]);
      } else {
        break;
      }
    }
    this.#nowUs = Math.max(this.#nowUs, untilUs);
  }

  /** Delivers the first packet, if a node has a socket for it. */
  #deliver(): void {
    const first = this.#wire.shift();
    if (first === undefined) return;
    const { to, packet, atUs } = first;
    this.#nowUs = Math.max(this.#nowUs, atUs);
    const sockets = new Set(to.configuration?.instances.map(({ authentication }) => (authentication.kind === 'ah' ? 51 : 112)));
    if (to.receives && sockets.has(packet.protocol)) this.#feed(to, { kind: 'packet', packet });
  }

  #dueUs(node: Node): number {
    if (!node.running) return Number.POSITIVE_INFINITY;
    return Math.min(node.wakeAtUs ?? Number.POSITIVE_INFINITY, ...node.scripts.values());
  }

  #wake(node: Node): void {
    for (const script of node.configuration?.scripts ?? []) {
      const due = node.scripts.get(script.name);
      if (due === undefined || due > this.#nowUs) continue;
      node.scripts.set(script.name, due + script.intervalUs);
      this.#feed(node, { kind: 'script', name: script.name, outcome: outcomeOf(script.script.text, node.scriptText) });
    }
    if (node.wakeAtUs !== undefined && node.wakeAtUs <= this.#nowUs) this.#feed(node, { kind: 'wake' });
  }

  #feed(node: Node, input: Input): void {
    if (!node.running) return;
    const { state, effects, wakeAtUs } = step(node.state, input, this.#nowUs);
    node.state = state;
    node.wakeAtUs = wakeAtUs;
    for (const effect of effects) this.#carryOut(node, effect);
  }

  #carryOut(node: Node, effect: Effect): void {
    if (effect.kind === 'log') node.log.push([this.#nowUs / SECOND, effect.text]);
    if (effect.kind !== 'send') return;
    const other = this.#nodes[node.name === 'A' ? 'B' : 'A'];
    const far = farEnd[effect.interface ?? ''];
    const isReceiver = isMulticast(effect.destination) || hasAddress(other, effect.destination);
    if (far === undefined || !isReceiver || !other.running || node.interfaces.get(effect.interface ?? '')?.up !== true) return;
    this.#wire.push({ atUs: this.#nowUs + WIRE_US, to: other, packet: { ...onTheWire(effect), interface: far } });
  }

  #happen(node: Node, event: RecordedEvent): void {
    switch (event.kind) {
      case 'start':
        node.running = true;
        node.interfaces = this.#initialInterfaces(event);
        this.#configure(node, event.conf ?? 0);
        break;
      case 'reload':
        this.#configure(node, event.conf ?? 0);
        break;
      case 'stop':
        this.#feed(node, { kind: 'stop' });
        node.running = false;
        break;
      case 'deaf':
      case 'hears':
        node.receives = event.kind === 'hears';
        break;
      case 'script':
        node.scriptText = event.value ?? '0';
        break;
      case 'file':
        this.#write(node, numberIn(event.value ?? ''));
        break;
      case 'lost':
        this.#lose(node, event);
        break;
      default:
        this.#link(node, event);
        break;
    }
  }

  #configure(node: Node, index: number): void {
    const parsed = parse(this.#recording.configurations[node.name]?.[index] ?? '');
    if (parsed === undefined) return;
    const configuration = { ...parsed, instances: parsed.instances.map((one) => ({ ...one, addressMismatch: 'drop' as const })) };
    node.configuration = configuration;
    this.#feed(node, { kind: 'configure', configuration, interfaces: [...node.interfaces.values()] });
    for (const file of configuration.files) this.#feed(node, { kind: 'file', name: file.name, value: file.init?.value ?? node.fileValue });
    node.scripts = new Map(scriptsInUse(configuration).map(({ name }) => [name, this.#nowUs + SCRIPT_US]));
  }

  #write(node: Node, value: number): void {
    node.fileValue = value;
    for (const { name } of node.configuration?.files ?? []) this.#feed(node, { kind: 'file', name, value });
  }

  /**
   * The interfaces' states around the start, from the recording: if the first event of an interface is that it came up, it was down. vX is
   * a second cable.
   */
  #initialInterfaces(start: RecordedEvent): Map<string, InterfaceFacts> {
    const mine = this.#recording.events.filter((event) => event.node === start.node && event.interface !== undefined);
    const facts = new Map<string, InterfaceFacts>();
    for (const name of new Set([start.node === 'A' ? 'vA' : 'vB', 'vX', ...mine.map((event) => event.interface ?? '')])) {
      const news = mine.filter((event) => event.interface === name);
      const first = news.find(({ kind }) => kind === 'up' || kind === 'down');
      const addresses = news.filter(({ kind, at }) => kind === 'assigned' && at < start.at + 0.1).map(({ address }) => ip(address ?? ''));
      facts.set(name, { name, index: facts.size + 2, up: first?.kind !== 'up', mtu: 1500, mac: '02:00:00:00:00:01', addresses });
    }
    return facts;
  }

  #link(node: Node, event: RecordedEvent): void {
    const name = event.interface ?? '';
    const facts = node.interfaces.get(name);
    if (facts === undefined) return;
    if (event.kind === 'deleted') {
      this.#feed(node, { kind: 'interfaceGone', name });
      return;
    }
    const address = event.address;
    const others = facts.addresses.filter((one) => formatAddress(one) !== address);
    const addresses = event.kind === 'assigned' ? [...others, ip(address ?? '')] : others;
    const up = event.kind === 'up' || (event.kind !== 'down' && event.kind !== 'added' && facts.up);
    const changed = { ...facts, up, addresses };
    node.interfaces.set(name, changed);
    this.#feed(node, { kind: 'interface', facts: changed });
  }

  #lose(node: Node, event: RecordedEvent): void {
    const { what = 'address', value = '' } = event;
    for (const instance of node.configuration?.instances ?? []) {
      const addresses = [...instance.addresses, ...instance.excludedAddresses].filter(({ address }) => formatAddress(address) === value);
      const routes = instance.routes.filter(({ to }) => value.startsWith(formatAddress(to.address)));
      const [found] = { address: addresses, route: routes, rule: instance.rules }[what];
      if (found === undefined) continue;
      this.#feed(node, { kind: 'lost', instance: instance.name, what, text: `${value} removed`, noTrack: found.noTrack });
    }
  }
}

function hasAddress(node: Node, wanted: Address): boolean {
  return [...node.interfaces.values()].some(({ addresses }) => addresses.some((one) => sameAddress(one, wanted)));
}

function numberIn(text: string): number {
  return Number.parseInt(/^\s*([-+]?\d+)/.exec(text)?.[1] ?? '0', 10);
}

/** The recorder's script exits with the status in the file `st`. */
function outcomeOf(command: string, answer: string): ScriptOutcome {
  if (!command.includes('/st')) return { kind: 'exited', status: command.includes('false') ? 1 : 0 };
  const signal = /^kill (\d+)$/.exec(answer)?.[1];
  return signal === undefined ? { kind: 'exited', status: numberIn(answer) } : { kind: 'signalled', signal: Number(signal) };
}
