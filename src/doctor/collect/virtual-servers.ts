// The services that the running daemons' configurations ask for, as facts.
import { keepalivedConfiguration } from '../../host/keepalived-configuration.js';
import { sameAddress } from '../../model/identity.js';
import { servedAs } from '../../model/keepalived/served-as.js';
import { type WantedService, wantedTable } from '../../model/keepalived/wanted-table.js';
import type { DaemonFact, VirtualServerFact } from '../vrrp-facts.js';

function factOf(wanted: WantedService, { file, pid }: DaemonFact): VirtualServerFact {
  const served = servedAs(wanted);
  const { server, spec, destinations } = served.kind === 'served' ? served.service : wanted;
  const isChecked = (address: WantedService['destinations'][number]['address']): boolean =>
    server.realServers.some((real) => sameAddress(real.address, address) && real.checkers.length > 0);
  return {
    name: server.name,
    file,
    pid,
    spec,
    destinations: destinations.map(({ address, port }) => ({ address, port, checked: isChecked(address) })),
    ...(served.kind === 'served' ? {} : { missing: served.missing }),
    suspends: server.haSuspend,
  };
}

export function collectVirtualServers(daemons: readonly DaemonFact[]): readonly VirtualServerFact[] {
  return daemons.flatMap((daemon) => {
    const { configuration } = keepalivedConfiguration(daemon.file);
    return configuration === undefined ? [] : [...wantedTable(configuration).values()].map((wanted) => factOf(wanted, daemon));
  });
}
