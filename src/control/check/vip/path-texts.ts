// Why a probe of VIP_CHECK failed: the part of the way in a word or two, then what that means. Of log lines, mails and weir status.

import type { Address } from '../../../model/address.js';
import { askedBy, formatAddress } from '../../../model/address-text.js';
import { sameAddress } from '../../../model/identity.js';
import { IcmpUnreachable } from '../../../wire/icmp.js';
import type { Endpoint, PathState, PathTarget } from './path-state.js';

/** `192.0.2.1 port 80` */
export const endpointText = ({ address, port }: Endpoint): string => `${formatAddress(address)} port ${port}`;

const UNREACHABLE: Readonly<Record<number, string>> = {
  [IcmpUnreachable.net]: 'network unreachable',
  [IcmpUnreachable.host]: 'host unreachable',
  [IcmpUnreachable.protocol]: 'protocol unreachable',
  [IcmpUnreachable.port]: 'port unreachable',
  9: 'network prohibited',
  10: 'host prohibited',
  13: 'prohibited by a filter',
};

/** The address and port that are asked. */
const aimText = ({ method, vip, server }: PathTarget): string => endpointText(method === 'route' ? vip : server);

export const unreachableText = (target: PathTarget, by: Address, code: number): string =>
  `unreachable: ${formatAddress(by)} answers "${UNREACHABLE[code] ?? `unreachable, code ${code}`}" for ${aimText(target)}`;

const neighbourText = ({ target, hop }: PathState): string => {
  const name = `${sameAddress(hop.next, target.server.address) ? '' : 'the router '}${formatAddress(hop.next)}`;
  return `no neighbour: ${name} does not answer ${askedBy(hop.next)} on ${hop.device}`;
};

/** What the signs mean where no SYN was answered. */
export function silenceText(state: PathState): string {
  const { target, hop, mac, signs } = state;
  const { vip, server, method } = target;
  const [vipName, serverName] = [formatAddress(vip.address), formatAddress(server.address)];
  if (mac === undefined) return neighbourText(state);
  if (signs.nearby)
    return `no way back: the server answers ${formatAddress(hop.source)}, but not ${vipName}: this director is not its gateway, or a filter drops it`;
  if (signs.forwarder !== undefined) {
    return `forwarded: ${formatAddress(signs.forwarder)} sends packets for ${vipName} on and nothing answers: the server has no such address`;
  }
  if (signs.vipEcho) return `filtered: the server has ${vipName}, but does not answer on ${aimText(target)}`;
  if (signs.serverEcho && method === 'route')
    return `no VIP: ${serverName} answers ping, but nothing for ${vipName}: it has no such address, or a filter drops it`;
  if (signs.serverEcho) return `filtered: ${serverName} answers ping, but not on ${aimText(target)}`;
  if (signs.neighbour) return `silent: ${formatAddress(hop.next)} answers ${askedBy(hop.next)} alone`;
  return neighbourText(state);
}
