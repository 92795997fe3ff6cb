// What VIP_CHECK asks of a real server, and where nothing can be asked: what the datapath cannot do, or a SYN cannot show.
import type { Address } from '../address.js';
import { lineIfMissing } from '../capabilities.js';
import type { ForwardingMethod, Protocol } from '../service.js';

export interface VipCheck {
  readonly kind: 'vip';
  readonly method: ForwardingMethod;
  readonly protocol: Protocol;
  /** Of the virtual server: its address, or those of its group, as many as are asked for. None: it has firewall marks alone. */
  readonly vips: readonly { readonly address: Address; readonly port: number }[];
}

/** Of a group's addresses the first ones are asked for. */
export const VIPS_MAX = 16;

const ALL_PORTS = 'the service has all ports, and none can be chosen';

/** Why nothing can be asked; undefined: it can. `port`: the real server's. */
export function vipCheckObstacle({ method, protocol, vips }: VipCheck, port: number): string | undefined {
  if (protocol !== 'tcp') return `a service of ${protocol.toUpperCase()} answers no SYN`;
  if (vips.length === 0) return 'a firewall mark has no address that could be asked for';
  if (method === 'tunnel') return lineIfMissing('tunnels') ?? 'servers behind tunnels cannot be asked yet';
  if (method === 'local') return 'the real server is this host itself';
  if (vips.some(({ address }) => address.family !== 'inet')) return 'IPv6 servers cannot be asked yet';
  const isPortless = method === 'masq' ? port === 0 : vips.some((vip) => vip.port === 0);
  return isPortless ? ALL_PORTS : undefined;
}
