// Which real servers of a file are in maintenance: those whose destinations are, in every service that they have there.
import { type DrainTarget, isTargeted } from '../../model/drain/drain-target.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import { wantedServices } from '../../model/keepalived/wanted-table.js';
import { realOfServerIdentity } from './identity.js';

/** By realOfServerIdentity. `targets`: what is in maintenance. */
export function maintainedReals(configuration: KeepalivedConfiguration, targets: readonly DrainTarget[]): ReadonlySet<string> {
  if (targets.length === 0) return new Set();
  const found = configuration.virtualServers.flatMap((server) =>
    server.realServers
      .filter((real) => {
        const services = wantedServices(server, [real], configuration);
        const isHeld = ({ spec, destinations }: (typeof services)[number]): boolean =>
          destinations.every((destination) => targets.some((target) => isTargeted(target, spec.key, destination)));
        return services.length > 0 && services.every(isHeld);
      })
      .map((real) => realOfServerIdentity(server, real)),
  );
  return new Set(found);
}
