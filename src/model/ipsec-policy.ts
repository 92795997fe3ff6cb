// Policies of IPsec for packets that leave a host, and which of them packets of virtual services would meet in the kernel's stack. Pure.
import type { Address } from './address.js';
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

/** One end of packets: undefined is any client's. */
interface End {
  readonly address?: Address;
  /** 0: any. */
  readonly port: number;
}

interface Flow {
  readonly from: End;
  readonly to: End;
  /** 0: any. */
  readonly protocol: number;
}

const CLIENT: End = { port: 0 };

/** What the director sends for a destination: to it, and by NAT its answers, whose source is the server's address and then the service's. */
function flowsOf(key: ServiceKey, { address, port, method }: DestinationSpec): readonly Flow[] {
  const virtual: End = key.kind === 'address' ? { address: key.address, port: key.port } : CLIENT;
  const protocol = key.kind === 'address' ? IpProtocol[key.protocol] : 0;
  if (method !== 'masq') return virtual === CLIENT ? [] : [{ from: CLIENT, to: virtual, protocol }];
  const server = { address, port };
  const answers = [server, virtual].filter((from) => from !== CLIENT).map((from) => ({ from, to: CLIENT, protocol }));
  return [{ from: CLIENT, to: server, protocol }, ...answers];
}

type IsOwn = (address: Address) => boolean;

/** `isOther`: it is no client's address. */
function netMatches(net: Subnet, { address }: End, isOther: IsOwn): boolean {
  if (address !== undefined) return contains(net, address);
  return net.prefixLength < hostLength(net.address) || !isOther(net.address);
}

const portMatches = ({ port, mask }: PortSelector, end: End): boolean => end.port === 0 || (end.port & mask) === port;

const protocolMatches = (policy: IpsecPolicy, { protocol }: Flow): boolean =>
  policy.protocol === 0 || protocol === 0 || policy.protocol === protocol;

const familyOf = ({ from, to }: Flow): string | undefined => (from.address ?? to.address)?.family;

function matches(policy: IpsecPolicy, flow: Flow, isOther: IsOwn): boolean {
  if (familyOf(flow) !== policy.source.address.family || !protocolMatches(policy, flow)) return false;
  if (!portMatches(policy.sourcePort, flow.from) || !portMatches(policy.destinationPort, flow.to)) return false;
  return netMatches(policy.source, flow.from, isOther) && netMatches(policy.destination, flow.to, isOther);
}

/** Does `wide` have all of `net`, as far as it is about this end? */
const netCovers = (wide: Subnet, net: Subnet, { address }: End): boolean =>
  address === undefined ? wide.prefixLength <= net.prefixLength && contains(wide, net.address) : contains(wide, address);

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

/** Is a policy for what the director sends for this destination, so that it is sent without what the policy asks for? `isOwn`: the host has this address. */
export function isBypassed(
  policy: IpsecPolicy,
  all: readonly IpsecPolicy[],
  key: ServiceKey,
  destination: DestinationSpec,
  isOwn: IsOwn,
): boolean {
  if (policy.action === 'pass' || isOwn(destination.address)) return false;
  const isOther: IsOwn = (address) => isOwn(address) || sameAddress(address, destination.address);
  return flowsOf(key, destination).some((flow) => matches(policy, flow, isOther) && !all.some((pass) => passesBefore(pass, policy, flow)));
}

const netText = ({ address, prefixLength }: Subnet): string => `${formatAddress(address)}/${prefixLength}`;

/** As `ip xfrm policy` has it. */
export const policyText = ({ source, destination }: IpsecPolicy): string => `src ${netText(source)} dst ${netText(destination)} dir out`;
