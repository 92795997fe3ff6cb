// What of the weir.yaml that a daemon of this network namespace runs with is not on this host.
import { notApplied } from '../../control/plan/not-applied.js';
import { runningDaemons } from '../../host/running-daemon.js';
import { observeVipHost } from '../../host/vip/observed-host.js';
import { addressId, serviceId } from '../../model/identity.js';
import type { Netlink } from '../../sys/netlink/netlink.js';
import type { NotAppliedFact, ServiceFact } from '../facts.js';

/** @throws SystemError */
export function collectNotApplied(netlink: Netlink, services: readonly ServiceFact[]): readonly NotAppliedFact[] {
  const running = runningDaemons().flatMap(({ weirFile, configuration: { weir } }) =>
    weirFile === undefined || weir === undefined ? [] : [{ path: weirFile, file: weir }],
  );
  if (running.length === 0) return [];
  const there = {
    services: new Set(services.map(({ spec }) => serviceId(spec.key))),
    addresses: new Set(observeVipHost(netlink).addresses.map(({ address }) => addressId(address))),
  };
  return running.flatMap(({ path, file }) => {
    const missing = notApplied(file, there);
    return missing.length === 0 ? [] : [{ path, missing }];
  });
}
