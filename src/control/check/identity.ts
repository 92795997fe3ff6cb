// By what a reload recognises what was there before: a virtual server by its target, a real server by its address and port, a check by
// what it asks.
import { addressId, serviceId } from '../../model/identity.js';
import type { Checker, RealServer, VirtualServer } from '../../model/keepalived/virtual-server.js';

export function serverIdentity({ target, protocol, name }: VirtualServer): string {
  return target.kind === 'service' ? serviceId(target.key) : `group ${target.group} ${protocol} ${name}`;
}

/** Of a real server among all of the file. */
export const realOfServerIdentity = (server: VirtualServer, real: RealServer): string => `${serverIdentity(server)}\n${realIdentity(real)}`;

export const realIdentity = ({ address, port }: RealServer): string => `${addressId(address)} ${port}`;

/** By what a reload knows a check again; with other times it is the same one. */
export const checkerIdentity = ({ check, target }: Checker): string => JSON.stringify([check, target]);
