// Services and servers in InfluxDB's line protocol, by the names of telegraf's inputs.ipvs, which cannot see a director of weir itself.
import { formatAddress } from '../../model/address-text.js';
import { serviceFamily } from '../../model/identity.js';
import type { ServiceKey, ServiceSpec, Stats } from '../../model/service.js';
import { flagText, netmaskText } from '../../model/service-text.js';
import type { Snapshot } from '../snapshot.js';

type Tags = Readonly<Record<string, string>>;

const escaped = (value: string): string => value.replace(/[\\,= ]/g, (sign) => `\\${sign}`);

/** Empty tags cannot be written. */
function tagText(tags: Tags): string {
  const written = Object.entries(tags).filter(([, value]) => value !== '');
  return written.map(([name, value]) => `,${name}=${escaped(value)}`).join('');
}

const fieldsOf = ({ conns, inPackets, outPackets, inBytes, outBytes, ...rates }: Stats): Readonly<Record<string, bigint>> => ({
  connections: conns,
  pkts_in: inPackets,
  pkts_out: outPackets,
  bytes_in: inBytes,
  bytes_out: outBytes,
  pps_in: rates.inPacketRate,
  pps_out: rates.outPacketRate,
  cps: rates.connRate,
});

const fieldText = (fields: Readonly<Record<string, bigint | number>>): string =>
  Object.entries(fields)
    .map(([name, value]) => `${name}=${value}i`)
    .join(',');

const endpointTags = (key: ServiceKey, prefix: string): Tags =>
  key.kind === 'fwmark'
    ? { [`${prefix}fwmark`]: String(key.mark) }
    : { [`${prefix}address`]: formatAddress(key.address), [`${prefix}port`]: String(key.port), [`${prefix}protocol`]: key.protocol };

const serviceTags = (spec: ServiceSpec): Tags => ({
  address_family: serviceFamily(spec.key),
  flags: flagText(spec),
  netmask: netmaskText(spec) ?? '',
  sched: spec.scheduler,
  ...endpointTags(spec.key, ''),
});

/** A line each, in pieces of a service; without a table there is none. No line has a time: its reader adds it. */
export function* influxPieces({ table }: Snapshot): Generator<string> {
  for (const { spec, stats, destinations } of table?.services ?? []) {
    let text = `ipvs_virtual_server${tagText(serviceTags(spec))} ${fieldText(fieldsOf(stats))}\n`;
    for (const {
      spec: { address, port },
      active,
      inactive,
      stats: own,
    } of destinations) {
      const tags = {
        address: formatAddress(address),
        address_family: address.family,
        port: String(port),
        ...endpointTags(spec.key, 'virtual_'),
      };
      const fields = { active_connections: active, inactive_connections: inactive, ...fieldsOf(own) };
      text += `ipvs_real_server${tagText(tags)} ${fieldText(fields)}\n`;
    }
    yield text;
  }
}
