// The options of weir realserver that are about tunnels (--mode tun), and its lines about them.
import type { Status } from '../../control/realserver/status.js';
import { acceptsText, type TunnelType, type TunnelWish } from '../../control/realserver/tunnel-devices.js';
import { localAddresses, outerFamilyHere } from '../../host/realserver/local-addresses.js';
import type { Family } from '../../model/address.js';
import { formatAddress, parseAddress } from '../../model/address-text.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { sameAddress } from '../../model/identity.js';
import { readVips } from '../read-vips.js';

export const TUNNEL_TYPES = {
  mode: 'value',
  'tun-type': 'value',
  'tun-port': 'value',
  'tun-csum': 'flag',
  from: 'value',
  rip: 'value',
} as const;

type TunnelFlags = { readonly [name in keyof typeof TUNNEL_TYPES]?: (typeof TUNNEL_TYPES)[name] extends 'flag' ? true : string };

const OPTIONS = ['tun-type', 'tun-port', 'tun-csum', 'from', 'rip'] as const;
const TYPES: readonly string[] = ['ipip', 'gre', 'gue'] satisfies TunnelType[];
const isType = (text: string): text is TunnelType => TYPES.includes(text);

function readPort(text: string | undefined, type: TunnelType): number | undefined {
  if (type !== 'gue') {
    if (text !== undefined) throw new WeirError('option-not-here', { options: '--tun-port', only: '--tun-type gue' });
    return undefined;
  }
  if (text === undefined) throw new WeirError('option-missing', { option: '--tun-port' });
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535)
    throw new WeirError('option-value', { option: '--tun-port', expected: 'a port (1 to 65535)', given: text });
  return port;
}

/** Of the directors that are named, else of the addresses that directors have for this host, else of what it has. */
function outerFamilies({ from, rip }: TunnelFlags): readonly Family[] {
  const rips = rip === undefined ? [] : readVips(rip);
  const local = rips.length === 0 ? [] : localAddresses();
  for (const one of rips) {
    if (!local.some((address) => sameAddress(address, one))) throw new WeirError('rip-absent', { address: formatAddress(one) });
  }
  const given = from === undefined ? rips : readVips(from);
  return given.length === 0 ? [outerFamilyHere()] : [...new Set(given.map(({ family }) => family))];
}

/** Undefined: VS/DR. @throws WeirError */
export function readTunnel(flags: TunnelFlags): TunnelWish | undefined {
  const { mode = 'dr', from } = flags;
  if (mode !== 'dr' && mode !== 'tun') throw new WeirError('option-value', { option: '--mode', expected: 'dr or tun', given: mode });
  if (mode === 'dr') {
    const given = OPTIONS.filter((name) => flags[name] !== undefined).map((name) => `--${name}`);
    if (given.length > 0) throw new WeirError('option-not-here', { options: given.join(', '), only: '--mode tun' });
    return undefined;
  }
  const type = flags['tun-type'] ?? 'ipip';
  if (!isType(type)) throw new WeirError('option-value', { option: '--tun-type', expected: 'ipip, gre or gue', given: type });
  const port = readPort(flags['tun-port'], type);
  const checksum = flags['tun-csum'] === true;
  // The kernel's device for every director takes GRE without checksums alone. GUE's checksum is UDP's, which it takes with and without.
  if (checksum && (type !== 'gre' || from === undefined))
    throw new WeirError('option-not-here', { options: '--tun-csum', only: '--tun-type gre --from' });
  const directors = from === undefined ? [] : readVips(from);
  return { type, ...(port === undefined ? {} : { port }), checksum, outer: outerFamilies(flags), directors };
}

/** Bytes that the tunnel puts before a packet. */
function overhead({ type, checksum }: TunnelWish, outer: Family): number {
  const own = type === 'ipip' ? 0 : type === 'gue' ? 12 : checksum ? 8 : 4;
  return own + (outer === 'inet' ? 20 : 40);
}

/** Advice for the operator: nothing here can change it for the clients. */
export function mtuAdvice(wish: TunnelWish): string {
  const bytes = Math.max(...wish.outer.map((family) => overhead(wish, family)));
  return `the tunnel adds ${bytes} bytes: with an MTU of 1500 up to here clients' packets have room for ${1500 - bytes}; a larger MTU between director and real servers, or advmss ${1500 - bytes - 40} (IPv6: ${1500 - bytes - 60}) at the routes to clients, spares them the director's ICMP errors`;
}

export function tunnelLines({ tunnels, ports }: Status): readonly string[] {
  return [
    ...tunnels.map(({ name, kind, remote, problem }) => {
      const address = remote === undefined ? undefined : parseAddress(remote);
      return `${name} (${kind}): ${problem ?? `takes tunnels ${acceptsText(address === undefined ? {} : { remote: address })}`}`;
    }),
    ...ports.map(({ family, port, open }) => `UDP port ${port} (${family}): ${open ? 'open for GUE' : 'closed'}`),
  ];
}
