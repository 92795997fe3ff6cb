// What of the weir.yaml that a daemon of this network namespace runs with is not on this host.
import { missingWords, type NotApplied, notApplied } from '../control/plan/not-applied.js';
import { addressId, serviceId } from '../model/identity.js';
import type { ServiceKey } from '../model/service.js';
import { unlessCode } from '../sys/errno.js';
import type { Netlink } from '../sys/netlink/netlink.js';
import { runningDaemons } from './running-daemon.js';
import { observeVipHost } from './vip/observed-host.js';

/** `services`: those of the table. Who is not root finds nothing. @throws SystemError */
export function notAppliedHere(netlink: Netlink, services: readonly ServiceKey[]): readonly NotApplied[] {
  const running = unlessCode(() => runningDaemons(), ['EACCES'], []).flatMap(({ weirFile, configuration: { weir } }) =>
    weirFile === undefined || weir === undefined ? [] : [{ path: weirFile, file: weir }],
  );
  if (running.length === 0) return [];
  const there = {
    services: new Set(services.map(serviceId)),
    addresses: new Set(observeVipHost(netlink).addresses.map(({ address }) => addressId(address))),
  };
  return running.map(({ path, file }) => ({ path, ...notApplied(file, there) })).filter((parts) => missingWords(parts).length > 0);
}
