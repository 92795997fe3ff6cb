// keepalived_*, letter for letter as gen2brain's keepalived_exporter has them: on request, since both sets have keepalived_up.
// Its addresses are `ip:port` and its protocols numbers. `keepalived_vrrp_ip_ttl_err` carries the interval errors there, and so it does here.
import type { Counters } from '../../control/vrrp/state/counters.js';
import { endpointText } from '../../model/endpoint-text.js';
import { IpProtocol } from '../../model/ip-protocol.js';
import type { ServiceEntry, ServiceKey, Stats } from '../../model/service.js';
import { type Family, labelText, type Sample, type Scope, summed } from '../exposition/family.js';
import type { InstanceSnapshot, Snapshot } from '../snapshot.js';
import { upFamily } from './keepalived.js';

const COUNTERS: readonly (readonly [name: string, help: string, counter: keyof Counters])[] = [
  ['advert_rcvd', 'Advertisements received', 'advertsReceived'],
  ['advert_sent', 'Advertisements sent', 'advertsSent'],
  ['become_master', 'Became master', 'becameMaster'],
  ['release_master', 'Released master', 'releasedMaster'],
  ['packet_len_err', 'Packet length errors', 'lengthErrors'],
  ['advert_interval_err', 'Advertisement interval errors', 'intervalErrors'],
  ['ip_ttl_err', 'TTL errors', 'intervalErrors'],
  ['invalid_type_rcvd', 'Invalid type errors', 'typeErrors'],
  ['addr_list_err', 'Address list errors', 'addressListErrors'],
  ['invalid_authtype', 'Authentication invalid', 'authTypeErrors'],
  ['authtype_mismatch', 'Authentication mismatch', 'authMismatches'],
  ['auth_failure', 'Authentication failure', 'authFailures'],
  ['pri_zero_rcvd', 'Priority zero received', 'zeroPriorityReceived'],
  ['pri_zero_sent', 'Priority zero sent', 'zeroPrioritySent'],
];

const TRAFFIC: readonly (readonly [name: string, help: string, of: keyof Stats])[] = [
  ['in_packets', 'in packets', 'inPackets'],
  ['out_packets', 'out packets', 'outPackets'],
  ['in_bytes', 'in bytes', 'inBytes'],
  ['out_bytes', 'out bytes', 'outBytes'],
  ['conn', 'connections', 'conns'],
];

const instanceLabels = ({ name, vrid, state, dumped }: InstanceSnapshot): string =>
  labelText({ name, intf: dumped.interface, vrid, state: state.toUpperCase() });

/** A mark stands in the address's place: the services of one mark, of IPv4 and of IPv6, are one series there. */
const addressOf = (key: ServiceKey): string => (key.kind === 'fwmark' ? String(key.mark) : endpointText(key));
const protocolOf = (key: ServiceKey): number => (key.kind === 'fwmark' ? 0 : IpProtocol[key.protocol]);

const counter = (name: string, help: string, scope: Scope, samples: readonly Sample[]): Family => ({
  name: `keepalived_${name}`,
  type: 'counter',
  help,
  scope,
  samples,
});

function trafficFamilies(services: readonly ServiceEntry[]): readonly Family[] {
  const ofServices = TRAFFIC.map(([name, help, of]) =>
    counter(
      `lvs_vip_${name}`,
      `VIP ${help}`,
      'service',
      summed(
        services.map(({ spec: { key }, stats }) => ({
          labels: labelText({ addr: addressOf(key), proto: protocolOf(key) }),
          value: stats[of],
        })),
      ),
    ),
  );
  const ofServers = TRAFFIC.map(([name, help, of]) =>
    counter(
      `lvs_rs_${name}`,
      `RS ${help}`,
      'server',
      summed(
        services.flatMap(({ spec: { key }, destinations }) =>
          destinations.map(({ spec, stats }) => ({
            labels: labelText({ vip: addressOf(key), addr: endpointText(spec), proto: protocolOf(key) }),
            value: stats[of],
          })),
        ),
      ),
    ),
  );
  return [...ofServices, ...ofServers];
}

export function gen2brainFamilies(snapshot: Snapshot): readonly Family[] {
  const { table, vrrp } = snapshot;
  const vrrpFamilies = COUNTERS.map(([name, help, of]) =>
    counter(
      `vrrp_${name}`,
      help,
      'director',
      vrrp.instances.map((one) => ({ labels: instanceLabels(one), value: one.counters[of] })),
    ),
  );
  return [upFamily(snapshot), ...vrrpFamilies, ...trafficFamilies(table?.services ?? [])];
}
