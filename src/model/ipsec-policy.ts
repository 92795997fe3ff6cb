// Policies of IPsec for packets that a host sends or forwards, and which of them packets of virtual services would meet in the kernel's stack. Pure.
import type { Address, Family } from './address.js';
import { formatAddress } from './address-text.js';
import { addressId, sameAddress, serviceFamily, serviceId } from './identity.js';
import { IpProtocol } from './ip-protocol.js';
import { masquerades } from './masquerades.js';
import type { DestinationSpec, ServiceKey } from './service.js';
import { contains, hostLength, networkAddress, type Subnet } from './subnet.js';

/** Ports that are equal to `port` where `mask` has a bit. */
export interface PortSelector {
  readonly port: number;
  readonly mask: number;
}

export interface IpsecPolicy {
  /** `out`: for packets that leave, forwarded ones included. `fwd`: which forwarded packets are let in, and how they must have come. */
  readonly direction: 'out' | 'fwd';
  readonly source: Subnet;
  readonly destination: Subnet;
  /** 0: any. */
  readonly protocol: number;
  readonly sourcePort: PortSelector;
  readonly destinationPort: PortSelector;
  /** By which a packet leaves; 0: any. */
  readonly ifindex: number;
  /** The least one that matches counts. */
  readonly priority: number;
  /** `protect`: what it selects leaves (`fwd`: came) encrypted or authenticated, or not at all; `pass`: as it is. */
  readonly action: 'protect' | 'block' | 'pass';
}

const ANY_ADDRESS: Readonly<Record<Family, Address>> = {
  inet: { family: 'inet', words: [0] },
  inet6: { family: 'inet6', words: [0, 0, 0, 0] },
};
const ANY_PORT: PortSelector = { port: 0, mask: 0 };

/** What a direction's default of `block` does (ip xfrm policy setdefault): it drops whatever no policy selects, of both families. */
export const blockedByDefault = (direction: IpsecPolicy['direction']): readonly IpsecPolicy[] =>
  (['inet', 'inet6'] as const).map((family) => {
    const any: Subnet = { address: ANY_ADDRESS[family], prefixLength: 0 };
    const ports = { sourcePort: ANY_PORT, destinationPort: ANY_PORT };
    return { direction, source: any, destination: any, protocol: 0, ...ports, ifindex: 0, priority: BEHIND_ALL, action: 'block' };
  });

/** A policy's own priority has 32 bits. */
const BEHIND_ALL = Number.POSITIVE_INFINITY;

/** One end of packets: `client` is any client's address, undefined is any at all. */
interface End {
  readonly address?: Address | 'client';
  /** 0: any. */
  readonly port: number;
}

interface Flow {
  readonly family: Family;
  readonly from: End;
  readonly to: End;
  /** 0: any. */
  readonly protocol: number;
}

const CLIENT: End = { address: 'client', port: 0 };

const FTP_PORT = 21;

/** Are packets with other ports of its clients' connections, too? With a mark, for all ports, or for data of FTP. */
const hasAnyPort = (key: ServiceKey): boolean =>
  key.kind !== 'address' || key.port === 0 || (key.protocol === 'tcp' && key.port === FTP_PORT);

function virtualOf(key: ServiceKey): End {
  return key.kind === 'address' ? { address: key.address, port: hasAnyPort(key) ? 0 : key.port } : { port: 0 };
}

const protocolOf = (key: ServiceKey): number => (key.kind === 'address' ? IpProtocol[key.protocol] : 0);

/** By NAT, with the service's address as their source; of a mark's service any address may be. */
const answersOf = (key: ServiceKey): Flow => ({ family: serviceFamily(key), from: virtualOf(key), to: CLIENT, protocol: protocolOf(key) });

const serverOf = (key: ServiceKey, { address, port }: DestinationSpec): End => ({ address, port: hasAnyPort(key) ? 0 : port });

/** To the destination: by NAT to its own address, else to the service's. By FULLNAT from each of its local addresses. */
function requestsOf(key: ServiceKey, destination: DestinationSpec): readonly Flow[] {
  const to = masquerades(destination) ? serverOf(key, destination) : virtualOf(key);
  const { method, localAddresses = [] } = destination;
  const sources: readonly End[] = method === 'fullnat' ? localAddresses.map((address) => ({ address, port: 0 })) : [CLIENT];
  return sources.map((from) => ({ family: destination.address.family, from, to, protocol: protocolOf(key) }));
}

type IsOwn = (address: Address) => boolean;

/** `isOther`: it is no client's address. */
function netMatches(net: Subnet, { address }: End, isOther: IsOwn): boolean {
  if (address === undefined) return true;
  if (address !== 'client') return contains(net, address);
  return net.prefixLength < hostLength(net.address) || !isOther(net.address);
}

const portMatches = ({ port, mask }: PortSelector, end: End): boolean => end.port === 0 || (end.port & mask) === port;

const protocolMatches = (policy: IpsecPolicy, { protocol }: Flow): boolean =>
  policy.protocol === 0 || protocol === 0 || policy.protocol === protocol;

function matches(policy: IpsecPolicy, flow: Flow, isOther: IsOwn): boolean {
  if (flow.family !== policy.source.address.family || !protocolMatches(policy, flow)) return false;
  if (!portMatches(policy.sourcePort, flow.from) || !portMatches(policy.destinationPort, flow.to)) return false;
  return netMatches(policy.source, flow.from, isOther) && netMatches(policy.destination, flow.to, isOther);
}

/** Does `wide` have all of `net`, as far as it is about this end? */
const netCovers = (wide: Subnet, net: Subnet, { address }: End): boolean =>
  address === undefined || address === 'client'
    ? wide.prefixLength <= net.prefixLength && contains(wide, net.address)
    : contains(wide, address);

const portCovers = (wide: PortSelector, one: PortSelector, end: End): boolean =>
  end.port === 0 ? (wide.mask & ~one.mask) === 0 && (one.port & wide.mask) === wide.port : portMatches(wide, end);

/** Does a policy that passes packets as they are come first, for all that the other one selects of a flow? */
function passesBefore(pass: IpsecPolicy, policy: IpsecPolicy, flow: Flow): boolean {
  if (pass.action !== 'pass' || pass.priority >= policy.priority || (pass.ifindex !== 0 && pass.ifindex !== policy.ifindex)) return false;
  if (pass.protocol !== 0 && pass.protocol !== (flow.protocol || policy.protocol)) return false;
  if (!portCovers(pass.sourcePort, policy.sourcePort, flow.from)) return false;
  if (!portCovers(pass.destinationPort, policy.destinationPort, flow.to)) return false;
  return netCovers(pass.source, policy.source, flow.from) && netCovers(pass.destination, policy.destination, flow.to);
}

const whole = (address: Address): Subnet => ({ address, prefixLength: hostLength(address) });

/** Policies by both of their networks, as there may be thousands. */
class ByNetworks {
  /** Those with prefixes of equal lengths, by the networks' own addresses. */
  readonly #groups = new Map<
    string,
    { readonly source: number; readonly destination: number; readonly found: Map<string, IpsecPolicy[]> }
  >();

  constructor(policies: readonly IpsecPolicy[]) {
    for (const policy of policies) {
      const { source, destination } = policy;
      const lengths = `${source.prefixLength} ${destination.prefixLength}`;
      const group = this.#groups.get(lengths) ?? { source: source.prefixLength, destination: destination.prefixLength, found: new Map() };
      this.#groups.set(lengths, group);
      const name = pairName(source, destination);
      const found = group.found.get(name);
      if (found === undefined) group.found.set(name, [policy]);
      else found.push(policy);
    }
  }

  /** Those whose networks have all of these. */
  *around(source: Subnet, destination: Subnet): Generator<IpsecPolicy> {
    for (const group of this.#groups.values()) {
      if (group.source > source.prefixLength || group.destination > destination.prefixLength) continue;
      const name = pairName({ ...source, prefixLength: group.source }, { ...destination, prefixLength: group.destination });
      yield* group.found.get(name) ?? [];
    }
  }
}

const networkName = (net: Subnet): string => addressId(networkAddress(net));
const pairName = (source: Subnet, destination: Subnet): string => `${networkName(source)} ${networkName(destination)}`;

/** Policies by one of their networks. */
class ByNetwork {
  readonly #lengths = new Map<number, Map<string, IpsecPolicy[]>>();

  constructor(policies: readonly IpsecPolicy[], net: 'source' | 'destination') {
    for (const policy of policies) {
      const ofLength = this.#lengths.get(policy[net].prefixLength) ?? new Map<string, IpsecPolicy[]>();
      this.#lengths.set(policy[net].prefixLength, ofLength);
      const name = networkName(policy[net]);
      const found = ofLength.get(name);
      if (found === undefined) ofLength.set(name, [policy]);
      else found.push(policy);
    }
  }

  *with(address: Address): Generator<IpsecPolicy> {
    for (const [prefixLength, ofLength] of this.#lengths)
      if (prefixLength <= hostLength(address)) yield* ofLength.get(networkName({ address, prefixLength })) ?? [];
  }
}

/** Those of one direction that do more than to pass packets as they are. */
class Effective {
  readonly #all: readonly IpsecPolicy[];
  readonly #bySource: ByNetwork;
  readonly #byDestination: ByNetwork;
  readonly #passes: ByNetworks;

  constructor(
    policies: readonly IpsecPolicy[],
    direction: IpsecPolicy['direction'],
    readonly isOwn: IsOwn,
  ) {
    const ofDirection = policies.filter((one) => one.direction === direction);
    this.#all = ofDirection.filter(({ action }) => action !== 'pass');
    this.#bySource = new ByNetwork(this.#all, 'source');
    this.#byDestination = new ByNetwork(this.#all, 'destination');
    this.#passes = new ByNetworks(ofDirection.filter(({ action }) => action === 'pass'));
  }

  get isNone(): boolean {
    return this.#all.length === 0;
  }

  /** Those that decide about packets of this flow. `server`: not a client. */
  *selecting(flow: Flow, server?: Address): Generator<IpsecPolicy> {
    const isOther: IsOwn = (address) => this.isOwn(address) || (server !== undefined && sameAddress(address, server));
    for (const policy of this.#about(flow)) if (matches(policy, flow, isOther) && !this.#isPassed(policy, flow)) yield policy;
  }

  #about({ from, to }: Flow): Iterable<IpsecPolicy> {
    if (typeof to.address === 'object') return this.#byDestination.with(to.address);
    return typeof from.address === 'object' ? this.#bySource.with(from.address) : this.#all;
  }

  #isPassed(policy: IpsecPolicy, flow: Flow): boolean {
    const netOf = (net: Subnet, { address }: End): Subnet => (typeof address === 'object' ? whole(address) : net);
    const around = this.#passes.around(netOf(policy.source, flow.from), netOf(policy.destination, flow.to));
    return some(around, (pass) => passesBefore(pass, policy, flow));
  }
}

/** The policies of a host with the addresses of `isOwn`. */
export class IpsecPolicies {
  readonly #out: Effective;
  readonly #forward: Effective;
  /** By service. */
  readonly #answers = new Map<string, readonly IpsecPolicy[]>();

  constructor(
    readonly all: readonly IpsecPolicy[],
    readonly isOwn: IsOwn,
  ) {
    this.#out = new Effective(all, 'out', isOwn);
    this.#forward = new Effective(all, 'fwd', isOwn);
  }

  /** There is none that the datapath must know. */
  get isNone(): boolean {
    return this.#out.isNone;
  }

  /** Which packets of a destination would they be for by NAT? What a server on this host gets, the stack has anyway. */
  policed(key: ServiceKey, destination: DestinationSpec): { readonly requests: boolean; readonly answers: boolean } {
    const { address } = destination;
    if (this.isNone || this.isOwn(address)) return { requests: false, answers: false };
    const requests = requestsOf(key, destination.method === 'fullnat' ? destination : { ...destination, method: 'masq' });
    return {
      requests: requests.some((flow) => some(this.#out.selecting(flow, address), () => true)),
      // The server itself is no client of it.
      answers: this.#forAnswers(key).some(({ destination: net }) => !isOnly(net, address)),
    };
  }

  /** Those that are for what the director sends to this destination, which is sent without them. By NAT the stack sends it, and applies them. */
  bypassed(key: ServiceKey, destination: DestinationSpec): readonly IpsecPolicy[] {
    if (this.isNone || masquerades(destination) || key.kind === 'fwmark' || this.isOwn(destination.address)) return [];
    return requestsOf(key, destination).flatMap((flow) => [...this.#out.selecting(flow, destination.address)]);
  }

  /** Those by which the kernel forwards no answer of this masqueraded server, or none that came as it is: weir sends these. */
  answersNotForwarded(key: ServiceKey, destination: DestinationSpec): readonly IpsecPolicy[] {
    if (this.#forward.isNone || destination.method !== 'masq' || this.isOwn(destination.address)) return [];
    const { family } = destination.address;
    const from = serverOf(key, destination);
    return [...this.#forward.selecting({ family, from, to: CLIENT, protocol: protocolOf(key) }, destination.address)];
  }

  /**
   * Those by which the kernel drops requests that weir leaves to it: to masqueraded servers that a policy is for, and the first ones of a connection
   * of a mark, which it forwards to weir's own device. The kernel's IPVS has both before. The address of a mark's service is any: so those for any.
   */
  requestsNotForwarded(key: ServiceKey, destination: DestinationSpec): readonly IpsecPolicy[] {
    if (this.#forward.isNone) return [];
    const ofMark =
      key.kind === 'fwmark' ? [...this.#forward.selecting({ family: key.family, from: CLIENT, to: { port: 0 }, protocol: 0 })] : [];
    const isPoliced = masquerades(destination) && this.policed(key, destination).requests;
    const policed = isPoliced ? requestsOf(key, destination).flatMap((flow) => [...this.#forward.selecting(flow)]) : [];
    const found = new Set([...ofMark.filter((one) => one.destination.prefixLength === 0), ...policed]);
    return [...found].filter(({ action }) => action === 'block');
  }

  /** For answers of any server: one that is for more than one client, or two, or what there is. */
  #forAnswers(key: ServiceKey): readonly IpsecPolicy[] {
    const service = serviceId(key);
    const known = this.#answers.get(service);
    if (known !== undefined) return known;
    const found: IpsecPolicy[] = [];
    for (const policy of this.#out.selecting(answersOf(key))) {
      if (found.some(({ destination }) => isOnly(policy.destination, destination.address))) continue;
      found.push(policy);
      if (found.length > 1 || policy.destination.prefixLength < hostLength(policy.destination.address)) break;
    }
    this.#answers.set(service, found);
    return found;
  }
}

function some<T>(items: Iterable<T>, test: (item: T) => boolean): boolean {
  for (const item of items) if (test(item)) return true;
  return false;
}

/** Is the network this address alone? */
const isOnly = (net: Subnet, address: Address): boolean =>
  net.prefixLength === hostLength(net.address) && sameAddress(net.address, address);

const netText = ({ address, prefixLength }: Subnet): string => `${formatAddress(address)}/${prefixLength}`;

/** The selector of a policy, as `ip xfrm policy` prints it; of a default, its direction. */
export const policyText = ({ direction, source, destination, priority }: IpsecPolicy): string =>
  priority === BEHIND_ALL ? `default dir ${direction}` : `src ${netText(source)} dst ${netText(destination)} dir ${direction}`;
