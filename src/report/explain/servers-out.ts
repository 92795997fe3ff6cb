// Servers of a service that a daemon has in its file and that are not in the table, with what failed.
import { addressOf } from '../../datapath/memory/packets/ip.js';
import type { ServiceRecord } from '../../datapath/memory/packets/records.js';
import type { PublishedServer } from '../../host/published-checks.js';
import { endpointText } from '../../model/endpoint-text.js';
import { destinationId, sameService } from '../../model/identity.js';
import { failedText } from '../../model/keepalived/server-health.js';
import type { WantedService } from '../../model/keepalived/wanted-table.js';
import type { DestinationKey } from '../../model/service.js';
import type { ExplainedOut } from './explanation.js';
import { keyOf } from './held-servers.js';

export type OutOf = (service: ServiceRecord) => readonly ExplainedOut[];

function whyOut({ server: { name } }: WantedService, server: DestinationKey, health: readonly PublishedServer[]): string {
  const found = health.find((one) => one.name === name)?.reals.find((one) => one.server === endpointText(server));
  if (found === undefined || found.up) return 'not in the table';
  const failed = found.failed.map(failedText).join('; ');
  return `out by its checks${failed === '' ? '' : `: ${failed}`}`;
}

export function serversOut(wanted: readonly WantedService[], health: readonly PublishedServer[]): OutOf {
  return (service) => {
    const key = keyOf(service);
    const there = new Set(service.list.map(({ address, port }) => destinationId({ address: addressOf(address), port })));
    return wanted
      .filter(({ spec }) => sameService(spec.key, key))
      .flatMap((one) =>
        one.destinations
          .filter((server) => !there.has(destinationId(server)))
          .map((server) => ({ server: endpointText(server), why: whyOut(one, server, health) })),
      );
  };
}
