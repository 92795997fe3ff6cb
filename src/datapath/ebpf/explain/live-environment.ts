// The kernel around the director as its programs see it now: routes and neighbours by the FIB, interfaces by their records. What they remember for a
// second is asked for again.
import { swap32 } from '../../../wire/bytes.js';
import { type Mac, macText } from '../../../wire/ethernet.js';
import type { Environment, HopAnswer } from '../../memory/packets/environment.js';
import { addressOf, familyOf, type Ip, ipOf } from '../../memory/packets/ip.js';
import { Abi, Conf, Dest, Interface, Nexthop } from '../abi.gen.js';
import { InterfaceFlagAbi } from '../interface-flag.gen.js';
import { placeOf } from '../load/interface-record.js';
import { tunnelSourceOf } from '../load/tunnels.js';
import { isIpv6, recordedAddress } from '../table/record-address.js';
import type { Tables } from '../table/tables.js';
import { type Fib, type FibAnswer, FibCode, FibFlag, type FibQuestion } from './fib.js';

export interface LiveLink {
  readonly ifindex: number;
  readonly name: string;
  /** Absent: it has none of 6 bytes. */
  readonly mac?: Mac;
}

/** A next hop that the rules asked for. */
export interface AskedHop {
  readonly address: Ip;
  readonly answer: HopAnswer;
  /** By which interface; undefined: the packet does not leave. */
  readonly ifindex: number | undefined;
  /** The neighbour: a gateway, or the address itself. */
  readonly neighbour: Ip | undefined;
}

const NO_MAC = '00:00:00:00:00:00';
/** bpf/director/local.h: further pairs of addresses that are asked about, since the FIB names one path for each. */
const PATHS_ASKED = 16;
const PATH_STEP = 0x9e3779b9;

const ACCEPTS_OWN = InterfaceFlagAbi.INTERFACE_ACCEPTS_OWN;

const isSilent = ({ code }: FibAnswer): boolean => code < 0 || code === FibCode.forwardingDisabled;
const isRoute = ({ code }: FibAnswer): boolean => code === FibCode.success || code > FibCode.forwardingDisabled;

/** The `turn`-th further address to ask about: the last word, in the order of a packet, is another one. */
function further(address: Ip, turn: number): Ip {
  const { family, words } = addressOf(address);
  const last = words.length - 1;
  const word = swap32((swap32(words[last] ?? 0) ^ Math.imul(turn, PATH_STEP)) >>> 0) >>> 0;
  return ipOf({ family, words: words.map((each, k) => (k === last ? word : each)) });
}

export class LiveEnvironment implements Environment {
  /** In the order in which they were asked for. */
  readonly asked: AskedHop[] = [];
  /** By which the packet came. */
  #ifindex = 0;

  constructor(
    readonly tables: Tables,
    readonly fib: Pick<Fib, 'ask'>,
    readonly links: readonly LiveLink[],
  ) {}

  icmpAllowed = (): boolean => true;

  /** Whose packet is asked about from now on. */
  comesBy(device: string): void {
    this.#ifindex = this.#ifindexOf(device);
    this.asked.length = 0;
  }

  hop(device: string, address: Ip, peer: Ip): HopAnswer {
    return this.#hop(this.#ifindexOf(device), this.#pair, { to: address, from: peer }, () => undefined);
  }

  hopToServer(address: Ip): HopAnswer {
    const first = familyOf(address) === 'inet' ? this.#pair : Abi.LOOPBACK;
    return this.#hop(first, this.#ifindex, { to: address }, () => this.#rememberedHop(address));
  }

  isOwn(address: Ip): boolean {
    return this.#destinationsAt(address).some((id) => (this.tables.dests.get(id, Dest.flags) & Abi.D_LOCAL) !== 0);
  }

  isReversePath(device: string, address: Ip, peer: Ip): boolean {
    if (familyOf(address) === 'inet6') return true;
    const { interfaces } = this.tables;
    const flags = interfaces.get(placeOf(interfaces, this.#ifindexOf(device)) ?? 0, Interface.flags);
    if ((flags & (Abi.INTERFACE_STRICT | Abi.INTERFACE_LOOSE)) === 0) return true;
    return this.#leadsBack(device, address, peer, (flags & Abi.INTERFACE_STRICT) !== 0);
  }

  acceptsOwnSource(device: string): boolean {
    const { interfaces } = this.tables;
    const place = placeOf(interfaces, this.#ifindexOf(device));
    if (place === undefined) return false;
    return (interfaces.get(place, Interface.flags) & (ACCEPTS_OWN | Abi.INTERFACE_STRICT)) === ACCEPTS_OWN;
  }

  leadsBy(device: string, address: Ip, peer: Ip): boolean {
    return familyOf(address) === 'inet' ? this.#leadsBack(device, address, peer, true) : this.#leadsBy6(device, address, peer);
  }

  macOf(device: string): Mac {
    return this.links.find(({ name }) => name === device)?.mac ?? NO_MAC;
  }

  addressOf(device: string): number {
    const { interfaces } = this.tables;
    const place = placeOf(interfaces, this.#ifindexOf(device));
    return place === undefined ? 0 : swap32(interfaces.get(place, Interface.addr)) >>> 0;
  }

  sourceTowards(address: Ip): Ip | undefined {
    const answer = this.fib.ask({ ifindex: this.#ifindex, to: address, flags: FibFlag.source });
    return answer.code === FibCode.success || answer.code === FibCode.noNeighbour ? answer.source : undefined;
  }

  /** As the programs have it, or as they would ask for it. */
  tunnelSource(server: Ip): Ip | undefined {
    for (const id of this.#destinationsAt(server)) {
      if ((this.tables.dests.get(id, Dest.flags) & Abi.D_TUNNEL) === 0) continue; // what had this number before may have had a source
      const known = tunnelSourceOf(this.tables, id, familyOf(server));
      if (known !== undefined) return ipOf(known);
    }
    const first = familyOf(server) === 'inet' ? this.#pair : Abi.LOOPBACK;
    const { answer } = this.#askEither(first, this.#ifindex, { to: server, flags: FibFlag.source });
    return isRoute(answer) ? answer.source : undefined;
  }

  get #pair(): number {
    return this.tables.conf.get(0, Conf.pairIfindex);
  }

  #ifindexOf(device: string): number {
    return this.links.find(({ name }) => name === device)?.ifindex ?? 0;
  }

  #hop(first: number, second: number, question: Omit<FibQuestion, 'ifindex'>, remembered: () => AskedHop | undefined): HopAnswer {
    const answer = this.#askEither(first, second, question).answer;
    const asked = isSilent(answer) ? remembered() : askedHop(question.to, answer);
    this.asked.push(asked ?? { address: question.to, answer: { kind: 'unknown' }, ifindex: undefined, neighbour: undefined });
    return asked?.answer ?? { kind: 'unknown' };
  }

  /** As if the packet came in by `first`, or where that gives no answer by `second`. */
  #askEither(first: number, second: number, question: Omit<FibQuestion, 'ifindex'>): { readonly answer: FibAnswer; readonly by: number } {
    const answer = this.fib.ask({ ...question, ifindex: first });
    return isSilent(answer) ? { answer: this.fib.ask({ ...question, ifindex: second }), by: second } : { answer, by: first };
  }

  /** leads_back() of bpf/director/local.h. */
  #leadsBack(device: string, address: Ip, peer: Ip, strict: boolean): boolean {
    const ifindex = this.#ifindexOf(device);
    const { answer, by } = this.#askEither(ifindex, this.#pair, { to: address, from: peer });
    if (isSilent(answer)) return true;
    if (!isRoute(answer)) return false;
    if (!strict || answer.ifindex === ifindex) return true;
    const out = this.fib.ask({ ifindex, to: address, from: peer, flags: FibFlag.output });
    if (!isSilent(out) && !isRoute(out)) return false;
    for (let turn = 1; turn <= PATHS_ASKED; turn++) {
      const path = this.fib.ask({ ifindex: by, to: address, from: further(peer, turn) });
      if (isRoute(path) && path.ifindex === ifindex) return true;
    }
    return false;
  }

  /** leads_to_server6() of bpf/director/local6.h. */
  #leadsBy6(device: string, address: Ip, peer: Ip): boolean {
    const ifindex = this.#ifindexOf(device);
    for (let turn = 0; turn <= PATHS_ASKED; turn++) {
      const path = this.fib.ask({ ifindex, to: address, from: further(peer, turn) });
      if (isSilent(path)) return true;
      if (!isRoute(path)) return false;
      if (path.ifindex === ifindex) return true;
    }
    return false;
  }

  #destinationsAt(address: Ip): readonly number[] {
    const { dests, conf } = this.tables;
    const six = familyOf(address) === 'inet6';
    return Array.from({ length: conf.get(0, Conf.destTop) }, (_, index) => index + 1).filter(
      (id) => isIpv6(dests, Dest, id) === six && ipOf(recordedAddress(dests, Dest, id)) === address,
    );
  }

  /** Where the FIB gives no answer, since forwarding is off, the programs go by what they remember of the destination. */
  #rememberedHop(address: Ip): AskedHop | undefined {
    const { memory } = this.tables.dests;
    for (const id of this.#destinationsAt(address)) {
      const at = id * Dest.bytes + Dest.hop.at;
      const view = new DataView(memory, at, Nexthop.bytes);
      const ifindex = view.getUint32(Nexthop.ifindex.at, true);
      const isLocal = (view.getUint16(Nexthop.flags.at, true) & Abi.NH_LOCAL) !== 0;
      if (ifindex === 0 ? this.isOwn(address) : isLocal)
        return { address, answer: { kind: 'local' }, ifindex: undefined, neighbour: undefined };
      if (ifindex === 0) continue;
      const mac = (from: number): Mac => macText(new Uint8Array(memory.slice(at + from, at + from + 6)));
      const hop = { to: mac(Nexthop.dmac.at), from: mac(Nexthop.smac.at), mtu: view.getUint16(Nexthop.mtu.at, true) };
      return { address, answer: { kind: 'ready', ...hop }, ifindex, neighbour: undefined };
    }
    return undefined;
  }
}

/** hop_ask() of bpf/director/nexthop.h. */
function askedHop(address: Ip, found: FibAnswer): AskedHop {
  const { code, ifindex, neighbour } = found;
  if (code === FibCode.notForwarded) return { address, answer: { kind: 'local' }, ifindex: undefined, neighbour: undefined };
  if (code === FibCode.noNeighbour) return { address, answer: { kind: 'resolve' }, ifindex, neighbour };
  if (code !== FibCode.success) return { address, answer: { kind: 'none' }, ifindex: undefined, neighbour: undefined };
  const mtu = found.mtu === 0 ? Number.MAX_SAFE_INTEGER : found.mtu;
  return { address, answer: { kind: 'ready', to: macText(found.toMac), from: macText(found.fromMac), mtu }, ifindex, neighbour };
}
