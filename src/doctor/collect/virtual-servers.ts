// The services that the running daemons' configurations ask for, as facts.
import { keepalivedConfiguration } from '../../host/keepalived-configuration.js';
import { type PublishedServer, publishedChecks } from '../../host/published-checks.js';
import { endpointText } from '../../model/endpoint-text.js';
import { sameAddress } from '../../model/identity.js';
import { failedText } from '../../model/keepalived/server-health.js';
import { type WantedService, wantedTable } from '../../model/keepalived/wanted-table.js';
import { native } from '../../sys/addon.js';
import type { DaemonFact, ServerHealthFact, VirtualServerFact } from '../vrrp-facts.js';

type Destination = WantedService['destinations'][number];

function healthOf(published: readonly PublishedServer[], name: string, destination: Destination): { readonly health?: ServerHealthFact } {
  const server = published.find((one) => one.name === name);
  if (server === undefined) return {};
  const real = server.reals.find((one) => one.server === endpointText(destination));
  // While the sorry server serves, those that are up are not in the table either.
  if (real === undefined || real.unchecked > 0 || (real.up && server.sorry)) return {};
  return { health: { up: real.up, reason: real.failed.map(failedText).join('; ') } };
}

function factOf(wanted: WantedService, { file, pid }: DaemonFact, published: readonly PublishedServer[]): VirtualServerFact {
  const { server, spec, destinations } = wanted;
  const isChecked = (address: Destination['address']): boolean =>
    server.realServers.some((real) => sameAddress(real.address, address) && real.checkers.length > 0);
  return {
    name: server.name,
    file,
    pid,
    spec,
    destinations: destinations.map((destination) => ({
      address: destination.address,
      port: destination.port,
      checked: isChecked(destination.address),
      ...healthOf(published, server.name, destination),
    })),
    suspends: server.haSuspend,
  };
}

export function collectVirtualServers(daemons: readonly DaemonFact[]): readonly VirtualServerFact[] {
  const published = publishedChecks.living(String(native().netnsCookie()));
  return daemons.flatMap((daemon) => {
    const own = published.filter((one) => one.daemon === daemon.pid).flatMap(({ servers }) => servers);
    const { configuration } = keepalivedConfiguration(daemon.file);
    return configuration === undefined ? [] : [...wantedTable(configuration).values()].map((wanted) => factOf(wanted, daemon, own));
  });
}
