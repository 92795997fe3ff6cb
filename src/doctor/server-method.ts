// Which forwarding method a real server is for, from what is on it and around it. Pure.
import type { Address } from '../model/address.js';
import { sameAddress } from '../model/identity.js';
import type { RealServerFacts, ServerMethod } from './facts.js';
import { effective, isTunnel, isUp, subnetsWith, usesArp } from './network.js';
import { takenWays } from './server-arrivals.js';

/** Does the server get clients' packets at a VIP of its own? Behind VS/NAT and FULLNAT it gets them at its address. */
export const hasVip = (method: ServerMethod): boolean => method === 'dr' || method === 'tun';

export type WithoutMethod = Omit<RealServerFacts, 'method' | 'methodCertain'>;

/** Whether this gateway is the director: it has the address given as --dip, or its MAC, or it answers for the VIP. */
export function isDirector(facts: WithoutMethod, gateway: Address): boolean {
  const { dip, holders, vips } = facts;
  if (dip !== undefined && sameAddress(dip, gateway)) return true;
  const given = dip === undefined ? vips : [dip];
  const macs = holders.filter(({ address }) => given.some((one) => sameAddress(one, address))).map(({ mac }) => mac);
  return holders.some(({ address, mac }) => sameAddress(address, gateway) && macs.includes(mac));
}

export function chosenMethod(
  facts: WithoutMethod,
  asked?: ServerMethod,
): { readonly method: ServerMethod; readonly methodCertain: boolean } {
  if (asked !== undefined) return { method: asked, methodCertain: true };
  if (facts.tunnels.vips.some((one) => facts.vips.some((vip) => sameAddress(vip, one)))) return { method: 'tun', methodCertain: true };
  const tunnels = new Set(facts.interfaces.filter((iface) => isTunnel(iface) && isUp(iface)).map(({ ifindex }) => ifindex));
  const onTunnel = facts.addresses.some(
    ({ ifindex, address }) => tunnels.has(ifindex) && facts.vips.some((vip) => sameAddress(vip, address)),
  );
  if (onTunnel) return { method: 'tun', methodCertain: true };
  const { dip } = facts;
  // A VIP that was left on a server of VS/NAT: it answers ARP for it, and its gateway is the director. IPv6 has no such setting.
  const gateway = facts.family === 'inet' && dip !== undefined && facts.gateways.some(({ address }) => sameAddress(address, dip));
  if (gateway && !facts.interfaces.some((iface) => usesArp(iface) && effective(facts, iface.name, 'arp_ignore') > 0)) {
    return { method: 'nat', methodCertain: true };
  }
  if (facts.localVips.length > 0 || takenWays(facts).length > 0) return { method: 'dr', methodCertain: true };
  if (facts.gateways.some(({ address }) => isDirector(facts, address))) return { method: 'nat', methodCertain: true };
  // Without a VIP the host can only be a VS/NAT server, if the director's address is given.
  if (facts.vips.length === 0) return { method: facts.dip === undefined ? 'dr' : 'nat', methodCertain: facts.dip !== undefined };
  return { method: 'dr', methodCertain: facts.vips.every((vip) => subnetsWith(facts, vip).length > 0) };
}
