// The command that makes a host a real server of VS/TUN again, from what it remembers or shows. Pure.
import { outerFamily, type TunnelType } from '../control/realserver/tunnel-devices.js';
import type { Address } from '../model/address.js';
import { formatAddress } from '../model/address-text.js';
import { addressId } from '../model/identity.js';
import type { Link } from '../wire/rtnetlink-link.js';
import type { RealServerFacts } from './facts.js';
import { isTunnelOf, isUp } from './network.js';

const isGre = ({ kind }: { readonly kind?: string }): boolean => kind === 'gre' || kind === 'ip6gre';

/** The options by which the command is for the tunnels of this host; undefined: nothing shows which these are. */
function optionsOf({ tunnels, interfaces, family }: RealServerFacts): string | undefined {
  const { devices, ports, guePorts } = tunnels;
  const up = interfaces.filter((iface: Link) => isTunnelOf(iface, family) && isUp(iface));
  if (devices.length === 0 && up.length === 0) return undefined;
  const port = (devices.length > 0 ? ports[0] : guePorts[0])?.port;
  const gre = devices.length > 0 ? devices.some(isGre) : up.every(isGre);
  const type: TunnelType = gre ? 'gre' : port === undefined ? 'ipip' : 'gue';
  const from = [...new Map(devices.flatMap(({ remote }) => (remote === undefined ? [] : [[addressId(remote), remote] as const]))).values()];
  // IPv4 is what the command takes by itself.
  const outer = [...new Set(devices.map(({ kind }) => outerFamily(kind)))];
  const rips =
    from.length > 0 || !outer.includes('inet6') ? [] : outer.flatMap((one) => tunnels.rips.find((rip) => rip.family === one) ?? []);
  return [
    type === 'ipip' ? '' : ` --tun-type ${type}`,
    type === 'gue' ? ` --tun-port ${port}` : '',
    devices.some(({ checksum }) => checksum) ? ' --tun-csum' : '',
    from.length === 0 ? '' : ` --from ${from.map(formatAddress).join(',')}`,
    rips.length === 0 ? '' : ` --rip ${rips.map(formatAddress).join(',')}`,
  ].join('');
}

/** Also for those VIPs that came by a tunnel before. Undefined: which tunnels the director sends is not known here. */
export function tunnelCommand(facts: RealServerFacts, vips: readonly Address[]): string | undefined {
  const options = optionsOf(facts);
  const all = new Map([...vips, ...facts.tunnels.vips].map((vip) => [addressId(vip), formatAddress(vip)]));
  return options === undefined ? undefined : `weir realserver start --mode tun${options} --vip ${[...all.values()].join(',')}`;
}
