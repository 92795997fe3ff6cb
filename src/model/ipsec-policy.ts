// Policies of IPsec for packets that leave a host, and which of them packets of virtual services would meet in the kernel's stack. Pure.
import type { Address, Family } from './address.js';
import { formatAddress } from './address-text.js';
import { sameAddress } from './identity.js';
import { IpProtocol } from './ip-protocol.js';
import type { DestinationSpec, ServiceKey } from './service.js';
import { contains, hostLength, type Subnet } from './subnet.js';

/** Ports that are equal to `port` where `mask` has a bit. */
export interface PortSelector {
  readonly port: number;
  readonly mask: number;
}

export interface IpsecPolicy {
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
  /** `protect`: what it selects leaves encrypted or authenticated, or not at all; `pass`: as it is. */
  readonly action: 'protect' | 'block' | 'pass';
}

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

interface Flows {
  /** To the destination: by NAT to its own address, else to the service's. */
  readonly requests: Flow;
  /** By NAT, with the service's address as their source; of a mark's service any address may be. */
  readonly answers: Flow;
}

function flowsOf(key: ServiceKey, { address, port, method }: DestinationSpec): Flows {
  const virtual: End = key.kind === 'address' ? { address: key.address, port: key.port } : { port: 0 };
  const rest = { family: address.family, protocol: key.kind === 'address' ? IpProtocol[key.protocol] : 0 };
  return {
    requests: { from: CLIENT, to: method === 'masq' ? { address, port } : virtual, ...rest },
    answers: { from: virtual, to: CLIENT, ...rest },
  };
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

/** Does it decide about packets of this flow? */
const selects = (policy: IpsecPolicy, all: readonly IpsecPolicy[], flow: Flow, isOther: IsOwn): boolean =>
  policy.action !== 'pass' && matches(policy, flow, isOther) && !all.some((pass) => passesBefore(pass, policy, flow));

/** Which packets of a destination would policies be for by NAT? `isOwn`: the host has this address; what a server there gets, the stack has anyway. */
export function policedPackets(
  policies: readonly IpsecPolicy[],
  key: ServiceKey,
  destination: DestinationSpec,
  isOwn: IsOwn,
): { readonly requests: boolean; readonly answers: boolean } {
  if (policies.length === 0 || isOwn(destination.address)) return { requests: false, answers: false };
  const isOther: IsOwn = (address) => isOwn(address) || sameAddress(address, destination.address);
  const { requests, answers } = flowsOf(key, { ...destination, method: 'masq' });
  const isPoliced = (flow: Flow): boolean => policies.some((policy) => selects(policy, policies, flow, isOther));
  return { requests: isPoliced(requests), answers: isPoliced(answers) };
}

/**
 * Is a policy for what the director sends to this destination, so that it is sent without what the policy asks for? By NAT the stack sends it, and
 * applies the policy.
 */
export function isBypassed(
  policy: IpsecPolicy,
  all: readonly IpsecPolicy[],
  key: ServiceKey,
  destination: DestinationSpec,
  isOwn: IsOwn,
): boolean {
  if (destination.method === 'masq' || key.kind === 'fwmark' || isOwn(destination.address)) return false;
  const isOther: IsOwn = (address) => isOwn(address) || sameAddress(address, destination.address);
  return selects(policy, all, flowsOf(key, destination).requests, isOther);
}

const netText = ({ address, prefixLength }: Subnet): string => `${formatAddress(address)}/${prefixLength}`;

/** As `ip xfrm policy` has it. */
export const policyText = ({ source, destination }: IpsecPolicy): string => `src ${netText(source)} dst ${netText(destination)} dir out`;
