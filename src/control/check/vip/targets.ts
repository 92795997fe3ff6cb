// The probes that one attempt of VIP_CHECK makes.
import type { VipCheck } from '../../../model/keepalived/vip-check.js';
import type { Endpoint, PathTarget } from './path-state.js';

/** VS/DR: one for each VIP. VS/NAT: packets for all VIPs go to the same port of the server. */
export function pathTargets({ method, vips }: VipCheck, server: Endpoint): readonly PathTarget[] {
  if (method === 'route') return vips.map((vip) => ({ method, vip, server }));
  return method === 'masq' ? vips.slice(0, 1).map((vip) => ({ method, vip, server })) : [];
}
