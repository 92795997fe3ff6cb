// How this host sends to its clients, by the routes and policy rules that apply to packets from the VIP.
import type { Address, Family } from '../../model/address.js';
import { addressId } from '../../model/identity.js';
import type { Netlink } from '../../sys/netlink/netlink.js';
import { decodeRoute, dumpRoutes, RouteType } from '../../wire/rtnetlink-route.js';
import type { ClientFact, RefusingRoute, ServiceFact } from '../facts.js';
import { vipsOf } from '../network.js';
import { collectPath } from './host.js';

/** Stands for clients anywhere: only its route is looked up. It is in no range that networks block or use by themselves. */
const SOMEWHERE: Readonly<Record<Family, Address>> = {
  inet: { family: 'inet', words: [0x4d4d4d4d] },
  inet6: { family: 'inet6', words: [0x2a4d4d4d, 0, 0, 0x4d] },
};
const VIPS_MAX = 64;

/** One that has a connection, with the VIP that it connected to. */
export interface SeenClient {
  readonly client: Address;
  readonly vip: Address;
}

export function collectClientPaths(
  netlink: Netlink,
  services: readonly ServiceFact[],
  seen: readonly SeenClient[],
  family: Family = 'inet',
): readonly ClientFact[] {
  const local = new Map(
    vipsOf(services, [family])
      .slice(0, VIPS_MAX)
      .filter((vip) => collectPath(netlink, vip).kind === 'local')
      .map((vip) => [addressId(vip), vip]),
  );
  const somewhere = SOMEWHERE[family];
  const pathTo = (client: Address, vip: Address) => collectPath(netlink, client, local.get(addressId(vip)));
  return [
    ...seen
      .filter(({ client }) => client.family === family)
      .map(({ client, vip }) => ({ client, vip, path: pathTo(client, vip), seen: true })),
    ...[...local.values()].map((vip) => ({ client: somewhere, vip, path: pathTo(somewhere, vip), seen: false })),
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
