// node_ipvs_*, letter for letter as node_exporter's collector ipvs has them, so that what reads those reads a director of weir.
import { formatAddress } from '../../model/address-text.js';
import { effectiveWeight } from '../../model/drain/effective-weight.js';
import type { DestinationEntry, ServiceKey } from '../../model/service.js';
import { type Family, labelText, plainSample, type Sample } from '../exposition/family.js';
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

function backendSums({ services }: TableSnapshot, chosen: readonly string[]): Sums {
  const sums = new Sums();
  for (const { spec, destinations } of services) {
    const local = localOf(spec.key);
    for (const destination of destinations) {
      const { address, port } = destination.spec;
      const all: NodeLabels = { ...local, remote_address: formatAddress(address), remote_port: String(port) };
      sums.add(labelText(Object.fromEntries(chosen.map((name) => [name, all[name as keyof NodeLabels]]))), destination);
    }
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
  const sums = backendSums(table, chosen);
  const gauge = (name: string, of: 'active' | 'inactive' | 'weight', help: string): Family => ({
    name: `node_ipvs_backend_${name}`,
    type: 'gauge',
    help: `The current ${help} by local and remote address.`,
    scope: 'server',
    samples: sums.samples(of),
  });
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
