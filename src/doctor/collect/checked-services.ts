// What weir's daemons publish of the services whose servers they check, by the addresses that these have in the table.
import { type PublishedServer, publishedChecks } from '../../host/published-checks.js';
import { type RunningDaemon, runningDaemons } from '../../host/running-daemon.js';
import { endpointText } from '../../model/endpoint-text.js';
import { serviceId } from '../../model/identity.js';
import { failedText } from '../../model/keepalived/server-health.js';
import type { VirtualServer } from '../../model/keepalived/virtual-server.js';
import { wantedServices, wantedTable } from '../../model/keepalived/wanted-table.js';
import { checkedServices } from '../../model/weir-file.js';
import { native } from '../../sys/addon.js';
import { unlessCode } from '../../sys/errno.js';
import type { CheckedServiceFact } from '../checked-facts.js';

type ByService = readonly (readonly [string, CheckedServiceFact])[];

function factsOf(server: VirtualServer, published: PublishedServer, { configuration, file, weirFile }: RunningDaemon): ByService {
  const { realServers, sorryServer } = server;
  const document = checkedServices(configuration.weir ?? {});
  const sorry = sorryServer === undefined ? [] : wantedServices(server, [sorryServer], configuration);
  return wantedServices(server, realServers, configuration).map(({ spec, destinations }, index): ByService[number] => {
    const id = serviceId(spec.key);
    const [spare] = sorry[index]?.destinations ?? [];
    const down = realServers.flatMap((real, k): readonly (readonly [string, string])[] => {
      const [there, health] = [destinations[k], published.reals.find((one) => one.server === endpointText(real))];
      if (there === undefined || health === undefined || health.up || health.unchecked > 0) return [];
      return [[endpointText(there), health.failed.map(failedText).join('; ')]];
    });
    const ofDocument = document.has(id);
    return [
      id,
      {
        file: ofDocument ? (weirFile ?? file) : file,
        ofDocument,
        down: new Map(down),
        ...(spare === undefined ? {} : { sorry: endpointText(spare) }),
      },
    ];
  });
}

/** By `serviceId`; nothing without root. @throws SystemError */
export function collectCheckedServices(): ReadonlyMap<string, CheckedServiceFact> {
  const cookie = String(native().netnsCookie());
  const published = publishedChecks.living(cookie);
  const found = unlessCode(() => runningDaemons(cookie), ['EACCES'], []).flatMap((daemon) => {
    const own = published.filter((one) => one.daemon === daemon.pid).flatMap(({ servers }) => servers);
    const servers = new Set([...wantedTable(daemon.configuration).values()].map(({ server }) => server));
    return [...servers].flatMap((server) => {
      const health = own.find(({ name }) => name === server.name);
      return health === undefined ? [] : factsOf(server, health, daemon);
    });
  });
  return new Map(found);
}
