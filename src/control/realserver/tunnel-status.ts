// Whether the tunnel devices of a real server take what a director sends, and the kernel then keeps it.
import type { Address } from '../../model/address.js';
import { formatAddress } from '../../model/address-text.js';
import { sameAddress } from '../../model/identity.js';
import type { Observed, ObservedInterface } from './observed.js';
import { effectiveReversePath } from './reverse-path.js';
import type { Saved } from './saved.js';
import { carries, samePort, type TunnelKind, type TunnelPort } from './tunnel-devices.js';

export interface TunnelStatus {
  readonly name: string;
  readonly kind: TunnelKind;
  /** The director whose packets it takes; absent: any. */
  readonly remote?: string;
  /** The value that counts; absent: nothing of IPv4 comes out of it. */
  readonly rpFilter?: number;
  readonly problem?: string;
}

export interface PortStatus extends TunnelPort {
  readonly open: boolean;
}

const hasIpv4 = ({ addresses }: Observed, ifindex: number): boolean =>
  addresses.some((one) => one.ifindex === ifindex && one.address.family === 'inet');

function problemOf(observed: Observed, { up, ifindex }: ObservedInterface, rpFilter: number | undefined): string | undefined {
  if (!up) return 'down';
  if (rpFilter === 1) return 'drops what it takes, by strict rp_filter';
  if (rpFilter !== undefined && rpFilter !== 0 && !hasIpv4(observed, ifindex)) {
    return 'drops what it takes, by rp_filter, since it has no IPv4 address';
  }
  return undefined;
}

/** Of the devices that start made, and of those that a VIP is on. `vips`: those that come by a tunnel, or may. */
export function tunnelStatuses(observed: Observed, vips: readonly Address[], saved: Pick<Saved, 'tunnels'>): readonly TunnelStatus[] {
  const withVip = observed.interfaces.filter(
    ({ tunnel, ifindex }) =>
      tunnel !== undefined &&
      observed.addresses.some((one) => one.ifindex === ifindex && vips.some((vip) => sameAddress(vip, one.address))),
  );
  const names = [...new Set([...saved.tunnels.map(({ name }) => name), ...withVip.map(({ name }) => name)])];
  return names.flatMap((name): readonly TunnelStatus[] => {
    const known = saved.tunnels.find((one) => one.name === name);
    const there = observed.interfaces.find((one) => one.name === name);
    const kind = there?.tunnel?.kind ?? known?.kind;
    if (kind === undefined) return [];
    const remote = there?.tunnel === undefined ? known?.remote : there.tunnel.remote && formatAddress(there.tunnel.remote);
    const four = vips.some((vip) => vip.family === 'inet' && carries(kind, vip));
    const rpFilter = there !== undefined && four ? effectiveReversePath(observed.settings, name) : undefined;
    const problem = there === undefined ? 'not there' : problemOf(observed, there, rpFilter);
    return [
      {
        name,
        kind,
        ...(remote === undefined ? {} : { remote }),
        ...(rpFilter === undefined ? {} : { rpFilter }),
        ...(problem === undefined ? {} : { problem }),
      },
    ];
  });
}

/** Of the ports that start opened. */
export const portStatuses = ({ guePorts }: Observed, { ports }: Pick<Saved, 'ports'>): readonly PortStatus[] =>
  ports.map((port) => ({ ...port, open: guePorts.some((one) => samePort(one, port)) }));
