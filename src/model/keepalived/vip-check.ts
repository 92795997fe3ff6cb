// What VIP_CHECK asks of a real server, and where nothing can be asked: what the datapath cannot do, or a SYN cannot show.
import type { Address, Family } from '../address.js';
import type { ForwardingMethod, Protocol } from '../service.js';

interface Endpoint {
  readonly address: Address;
  readonly port: number;
}

export interface VipCheck {
  readonly kind: 'vip';
  readonly method: ForwardingMethod;
  readonly protocol: Protocol;
  /** Of the virtual server: its address, or those of its group, as many as are asked for. None: it has firewall marks alone. */
  readonly vips: readonly Endpoint[];
}

/** Of a group's addresses the first ones are asked for. */
export const VIPS_MAX = 16;

/** The addresses that are asked for: a group may have addresses of both families, and packets for the other one never go to this server. */
export const vipsToAsk = (vips: readonly Endpoint[], family: Family): readonly Endpoint[] =>
  vips.filter(({ address }) => address.family === family).slice(0, VIPS_MAX);

const ALL_PORTS = 'the service has all ports, and none can be chosen';

/** Why nothing can be asked; undefined: it can. `server`: the address and port to which the check is sent. */
export function vipCheckObstacle({ method, protocol, vips }: VipCheck, server: Endpoint): string | undefined {
  if (protocol !== 'tcp') return `a service of ${protocol.toUpperCase()} answers no SYN`;
  if (method === 'tunnel') return 'servers behind tunnels cannot be asked yet';
  if (vips.length === 0) return 'the service has no address of this family that could be asked for: a firewall mark has none';
  if (method === 'local') return 'the real server is this host itself';
  if (vips.some(({ address }) => address.family !== server.address.family)) return 'connect_ip is of another family than the service';
  const isPortless = method === 'masq' ? server.port === 0 : vips.some((vip) => vip.port === 0);
  return isPortless ? ALL_PORTS : undefined;
}
