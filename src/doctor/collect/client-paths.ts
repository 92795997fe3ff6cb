// How this host sends to its clients, by the routes and policy rules that apply to packets from the VIP.
import type { Address, Family } from '../../model/address.js';
import { addressId } from '../../model/identity.js';
import type { Netlink } from '../../sys/netlink/netlink.js';
import { decodeRoute, dumpRoutes, RouteType } from '../../wire/rtnetlink-route.js';
import type { ClientFact, RefusingRoute, ServiceFact } from '../facts.js';
import { vipsOf } from '../network.js';
import { collectPath } from './host.js';

/** Stands for clients anywhere: only its route is looked up. It is in no range that networks block or use by themselves. */
const SOMEWHERE: Address = { family: 'inet', words: [0x4d4d4d4d] };
const VIPS_MAX = 64;

export function collectClientPaths(
  netlink: Netlink,
  services: readonly ServiceFact[],
  seen: readonly { readonly client: Address; readonly vip: Address }[],
): readonly ClientFact[] {
  const local = new Map(
    vipsOf(services)
      .slice(0, VIPS_MAX)
      .filter((vip) => collectPath(netlink, vip).kind === 'local')
      .map((vip) => [addressId(vip), vip]),
  );
  const pathTo = (client: Address, vip: Address) => collectPath(netlink, client, local.get(addressId(vip)));
  return [
    ...seen.map(({ client, vip }) => ({ client, vip, path: pathTo(client, vip), seen: true })),
    ...[...local.values()].map((vip) => ({ client: SOMEWHERE, vip, path: pathTo(SOMEWHERE, vip), seen: false })),
  ];
}

const REFUSING = new Map<number, RefusingRoute['type']>([
  [RouteType.blackhole, 'blackhole'],
  [RouteType.unreachable, 'unreachable'],
  [RouteType.prohibit, 'prohibit'],
]);

export function collectRefusingRoutes(netlink: Netlink, family: Family = 'inet'): readonly RefusingRoute[] {
  return netlink.dump(dumpRoutes(family), decodeRoute, 'list routes').flatMap(({ type, destination, prefixLength, table }) => {
    const refusal = REFUSING.get(type);
    const address: Address = destination ?? { family, words: family === 'inet' ? [0] : [0, 0, 0, 0] };
    return refusal === undefined ? [] : [{ type: refusal, destination: { address, prefixLength }, table }];
  });
}
