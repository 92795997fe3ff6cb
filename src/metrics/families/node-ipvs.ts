// node_ipvs_*, letter for letter as node_exporter's collector ipvs has them, so that what reads those reads a director of weir.

import { formatAddress } from '../../model/address-text.js';
import { effectiveWeight } from '../../model/drain/effective-weight.js';
import { madeOnce } from '../../model/made-once.js';
import type { DestinationEntry, DestinationSpec, ServiceKey, ServiceSpec } from '../../model/service.js';
import { type Family, labelText, lazyFamily, plainSample, type Sample } from '../exposition/family.js';
import type { TableSnapshot } from '../snapshot.js';

/** The labels of a server; fewer of them may be chosen. */
export const nodeLabels = ['local_address', 'local_port', 'remote_address', 'remote_port', 'proto', 'local_mark'] as const;

type NodeLabels = Readonly<Record<(typeof nodeLabels)[number], string>>;

const MARK_DIGITS = 8;

const localOf = (key: ServiceKey): Pick<NodeLabels, 'local_address' | 'local_port' | 'proto' | 'local_mark'> =>
  key.kind === 'fwmark'
    ? { local_address: '', local_port: '0', proto: 'FWM', local_mark: key.mark.toString(16).toUpperCase().padStart(MARK_DIGITS, '0') }
    : { local_address: formatAddress(key.address), local_port: String(key.port), proto: key.protocol.toUpperCase(), local_mark: '' };

/** By label set: what is equal by the labels that were chosen is added, weights too. */
class Sums {
  readonly #sums = new Map<string, { active: number; inactive: number; weight: number }>();

  add(labels: string, entry: DestinationEntry): void {
    const { active, inactive } = entry;
    const weight = effectiveWeight(entry);
    const sum = this.#sums.get(labels);
    if (sum === undefined) {
      this.#sums.set(labels, { active, inactive, weight });
      return;
    }
    sum.active += active;
    sum.inactive += inactive;
    sum.weight += weight;
  }

  samples(of: 'active' | 'inactive' | 'weight'): readonly Sample[] {
    return [...this.#sums].map(([labels, sum]) => ({ labels, value: sum[of] }));
  }
}

/** By the labels that were chosen, by service, then by server. */
const labelsOf = madeOnce((service: ServiceSpec) => {
  const local = localOf(service.key);
  const byChoice = new Map<string, (server: DestinationSpec) => string>();
  return (chosen: readonly string[]): ((server: DestinationSpec) => string) => {
    const known = byChoice.get(chosen.join());
    if (known !== undefined) return known;
    const made = madeOnce(({ address, port }: DestinationSpec) => {
      const all: NodeLabels = { ...local, remote_address: formatAddress(address), remote_port: String(port) };
      return labelText(Object.fromEntries(chosen.map((name) => [name, all[name as keyof NodeLabels]])));
    });
    byChoice.set(chosen.join(), made);
    return made;
  };
});

function backendSums({ services }: TableSnapshot, chosen: readonly string[]): Sums {
  const sums = new Sums();
  for (const { spec, destinations } of services) {
    const labels = labelsOf(spec)(chosen);
    for (const destination of destinations) sums.add(labels(destination.spec), destination);
  }
  return sums;
}

/** `chosen`: names of nodeLabels. */
export function nodeFamilies(table: TableSnapshot, chosen: readonly string[]): readonly Family[] {
  const { conns, inPackets, outPackets, inBytes, outBytes } = table.totals;
  const counter = (name: string, help: string, value: bigint): Family => ({
    name: `node_ipvs_${name}_total`,
    type: 'counter',
    help: `The total ${help}.`,
    scope: 'director',
    samples: plainSample(value),
  });
  let made: Sums | undefined;
  const sums = (): Sums => {
    made ??= backendSums(table, chosen);
    return made;
  };
  const gauge = (name: string, of: 'active' | 'inactive' | 'weight', help: string): Family =>
    lazyFamily(
      { name: `node_ipvs_backend_${name}`, type: 'gauge', help: `The current ${help} by local and remote address.`, scope: 'server' },
      () => sums().samples(of),
    );
  return [
    gauge('connections_active', 'active', 'active connections'),
    gauge('connections_inactive', 'inactive', 'inactive connections'),
    gauge('weight', 'weight', 'backend weight'),
    counter('connections', 'number of connections made', conns),
    counter('incoming_bytes', 'amount of incoming data', inBytes),
    counter('incoming_packets', 'number of incoming packets', inPackets),
    counter('outgoing_bytes', 'amount of outgoing data', outBytes),
    counter('outgoing_packets', 'number of outgoing packets', outPackets),
  ];
}
