// A server of VS/TUN that does not answer what came to it in its tunnel: it takes no tunnel, has no VIP, or no process that listens.
import type { Address } from '../../../../model/address.js';
import { formatAddress } from '../../../../model/address-text.js';
import { addressId, sameAddress } from '../../../../model/identity.js';
import { sameTunnel } from '../../../../model/same-spec.js';
import type { DestinationSpec, Tunnel } from '../../../../model/service.js';
import type { ConnectFact, HandoverFact, ProbeAnswer, ServiceFact } from '../../../facts.js';
import { icmpText, isFilter } from './icmp-text.js';
import { echoed, type Known } from './known.js';
import { type AddressKey, directVerdict, NOT_FOR_VIP, type VipTest } from './method-verdict.js';
import { connectRepair, LOOK_THERE, rejection, unreachable } from './server-verdict.js';
import type { Verdict } from './verdict.js';

const NO_TUNNEL = ['does not take the tunnel', 'do not take the tunnel'] as const;
/** Linux without a device for a tunnel, or without its module, answers so; of IPv6 it names the header that it does not know. */
const PARAMETER_PROBLEM = 12;

const NAMES = { ipip: 'IP in IP', gre: 'GRE', gue: 'GUE' } as const;

/** `GUE to UDP port 6080 over IPv6` */
const tunnelText = ({ type, port }: Tunnel, { family }: Address): string =>
  `${NAMES[type]}${type === 'gue' ? ` to UDP port ${port}` : ''} over ${family === 'inet' ? 'IPv4' : 'IPv6'}`;

/** The virtual addresses that go to the server by the same tunnel: the command sets up all of them. */
function vipsByTunnel({ facts }: Known, { address, tunnel }: DestinationSpec): readonly Address[] {
  const vips = facts.services.flatMap(({ spec: { key }, destinations }) => {
    const isOne = (one: DestinationSpec): boolean =>
      one.method === 'tunnel' && sameAddress(one.address, address) && sameTunnel(one.tunnel, tunnel);
    return key.kind === 'address' && destinations.some(isOne) ? [key.address] : [];
  });
  return [...new Map(vips.map((vip) => [addressId(vip), vip])).values()];
}

/** Makes the host a real server of this tunnel. */
function startCommand(known: Known, destination: DestinationSpec, { outerSource }: HandoverFact): string {
  const { tunnel, address } = destination;
  const summed = tunnel.type === 'gre' && tunnel.checksum !== 'nocsum' && outerSource !== undefined;
  return [
    'weir realserver start --mode tun',
    ...(tunnel.type === 'ipip' ? [] : [`--tun-type ${tunnel.type}`]),
    ...(tunnel.type === 'gue' ? [`--tun-port ${tunnel.port}`] : []),
    ...(summed ? [`--tun-csum --from ${formatAddress(outerSource)}`] : []),
    // IPv4 is what the command takes by itself.
    ...(address.family === 'inet6' ? [`--rip ${formatAddress(address)}`] : []),
    `--vip ${vipsByTunnel(known, destination).map(formatAddress).join(',')}`,
  ].join(' ');
}

function withoutTunnel(known: Known, destination: DestinationSpec, handed: HandoverFact, cause: string): Verdict {
  return {
    code: 'server-without-tunnel',
    verb: NO_TUNNEL,
    cause,
    on: formatAddress(destination.address),
    fix: startCommand(known, destination, handed),
    advice: `where that is done already: ${LOOK_THERE}`,
  };
}

/** An ICMP error about the tunnel's own packet. */
function outerVerdict(
  known: Known,
  destination: DestinationSpec,
  handed: HandoverFact,
  answer: ProbeAnswer & { kind: 'rejected' },
): Verdict {
  const { tunnel, address } = destination;
  const name = tunnelText(tunnel, address);
  if (!sameAddress(answer.by, address)) return unreachable(rejection(known, destination, name, answer));
  const { type, code } = answer;
  if (type !== PARAMETER_PROBLEM && !(type === 3 && (code === 2 || code === 3))) {
    const cause = isFilter(answer) ? 'a packet filter there rejects' : 'it does not take';
    return unreachable({ cause: `${cause} ${name} (${icmpText(answer)})`, advice: LOOK_THERE });
  }
  const lacks = tunnel.type === 'gue' ? `UDP port ${tunnel.port} is not open for GUE there` : `no device there takes ${name}`;
  return withoutTunnel(known, destination, handed, `either ${lacks}, or a packet filter there rejects it (${icmpText(answer)})`);
}

/** What shows that the server is there; undefined: nothing does. */
function signOfLife(known: Known, { address, port }: DestinationSpec, { echoes }: HandoverFact, tried?: ConnectFact): string | undefined {
  if (tried !== undefined && tried.error === undefined) return `it accepts connections to ${formatAddress(address)}:${port}`;
  if (echoes?.plain === 'accepted' || echoed(known, address, address) === 'accepted') return `it answers ping to ${formatAddress(address)}`;
  return tried?.error === 'ECONNREFUSED' ? `it answers TCP port ${port} with RST` : undefined;
}

/** Nothing came back. Undefined: nothing shows that the server is there at all. */
function silentVerdict(
  known: Known,
  key: AddressKey,
  destination: DestinationSpec,
  handed: HandoverFact,
  tried?: ConnectFact,
): Verdict | undefined {
  const [server, vip] = [formatAddress(destination.address), formatAddress(key.address)];
  const name = tunnelText(destination.tunnel, destination.address);
  if (handed.echoes?.server === 'accepted') {
    return {
      ...withoutTunnel(
        known,
        destination,
        handed,
        `it takes packets for ${server} out of the tunnel and drops those for ${vip}: either the VIP is not on its tunnel device, or a firewall there drops them`,
      ),
      code: 'server-without-vip',
      verb: NOT_FOR_VIP,
    };
  }
  const sign = signOfLife(known, destination, handed, tried);
  if (sign === undefined) return undefined;
  const orVip = handed.echoes?.server === undefined ? `, or it has not ${vip}` : '';
  const cause = `${sign} and nothing in the tunnel (${name}): either no device there takes it, or rp_filter on that device drops what comes out of it${orVip}, or a firewall drops the tunnel`;
  return withoutTunnel(known, destination, handed, cause);
}

/** TCP. Undefined: it works, or nothing is known. */
export function tunnelVerdict(
  known: Known,
  service: ServiceFact,
  destination: DestinationSpec,
  handed: HandoverFact,
  tried?: ConnectFact,
): Verdict | undefined {
  const { key } = service.spec;
  const { answer, echoes } = handed;
  if (key.kind !== 'address' || answer.kind === 'accepted') return undefined;
  if (answer.kind === 'rejected' && answer.tunnel === true) return outerVerdict(known, destination, handed, answer);
  const down = (): Verdict | undefined =>
    tried?.error === undefined ? undefined : unreachable(connectRepair(known, service, destination, tried));
  const vip = formatAddress(key.address);
  const without = (cause: string): Verdict => ({
    ...withoutTunnel(known, destination, handed, cause),
    code: 'server-without-vip',
    verb: NOT_FOR_VIP,
  });
  if (answer.kind === 'silent' && echoes?.vip !== 'accepted') return silentVerdict(known, key, destination, handed, tried) ?? down();
  const test: VipTest = { pings: echoes?.vip === 'accepted', without, silent: () => without(`it drops packets for ${vip}`) };
  return directVerdict(test, key, destination, answer, tried);
}

/** UDP, where no answer shows whether a process listens. Undefined: it works, as far as ping shows. */
export function tunnelUdpVerdict(
  known: Known,
  { key }: ServiceFact['spec'],
  destination: DestinationSpec,
  handed: HandoverFact,
): Verdict | undefined {
  const { answer, echoes } = handed;
  if (key.kind !== 'address') return undefined;
  if (answer.kind === 'rejected' && answer.tunnel === true) return outerVerdict(known, destination, handed, answer);
  if (answer.kind !== 'silent' || echoes?.vip === 'accepted') return undefined;
  return silentVerdict(known, key, destination, handed);
}
