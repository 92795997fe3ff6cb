// weir_*, of the director as a whole: its build, its tables, what it dropped, its interfaces.
import { DETOURS, type DropCount } from '../../model/drops.js';
import { directorFamily, type Family, labelText, plainSample, type Sample } from '../exposition/family.js';
import type { Snapshot, TableSnapshot } from '../snapshot.js';
import { apiFamilies } from './weir-api.js';
import { drainFamilies } from './weir-drains.js';

/** Packets of these reasons go on: to the host's stack, to its packet filter, once their first fragment has come, or by their connection, as new or held back before. */
const PASSED: ReadonlySet<string> = new Set([
  ...DETOURS,
  'bad_checksum',
  'no_connection',
  'ftp_data',
  'not_local',
  'reverse_path',
  'reply_side',
]);
/** Of these no packet is lost: a connection or a template ended before its time. */
const ENDED: ReadonlySet<string> = new Set([
  'half_open_replaced',
  'closed_replaced',
  'idle_replaced',
  'template_replaced',
  'local_port_replaced',
  'drop_entry',
]);

type Kind = 'drops' | 'passed' | 'ended_early';

/** What a reason of the datapath's list counts: packets that were dropped, packets that went on, connections that ended early. */
export function kindOfReason(key: string): Kind {
  if (ENDED.has(key)) return 'ended_early';
  return PASSED.has(key) ? 'passed' : 'drops';
}

const HELP: Readonly<Record<Kind, string>> = {
  drops: 'Packets that the datapath dropped, by reason',
  passed: 'Packets that the datapath passed on without balancing them, by reason',
  ended_early: 'Connections and persistence templates that ended before their time, by reason',
};

const gauge = (name: string, help: string, value: number): Family => directorFamily(name, 'gauge', help, plainSample(value));

const reasonFamily = (kind: Kind, drops: readonly DropCount[]): Family =>
  directorFamily(
    `${kind}_total`,
    'counter',
    HELP[kind],
    drops.filter(({ key }) => kindOfReason(key) === kind).map(({ key, count }) => ({ labels: labelText({ reason: key }), value: count })),
  );

function interfaceFamily({ interfaces }: TableSnapshot): Family {
  const samples = interfaces.flatMap(({ name, tc, xdp }) => [
    { labels: labelText({ interface: name, mode: 'tc' }), value: tc ? 1 : 0 },
    { labels: labelText({ interface: name, mode: 'xdp' }), value: xdp ? 1 : 0 },
  ]);
  return directorFamily('interface_attached', 'gauge', 'Whether the datapath is attached to an interface, by tc and by XDP', samples);
}

function tableFamilies(table: TableSnapshot): readonly Family[] {
  const { connections, capacity, slots, spills, templates, drops } = table;
  const states: readonly Sample[] = [
    { labels: labelText({ state: 'active' }), value: connections.active },
    { labels: labelText({ state: 'inactive' }), value: connections.inactive },
  ];
  return [
    gauge('loaded_timestamp_seconds', 'When the datapath was loaded: its counters begin then', table.loadedAt),
    gauge('table_generation', 'Changes of the table of services and servers', table.generation),
    directorFamily('connections', 'gauge', 'Connections, established and not, those of removed servers included', states),
    gauge('connection_capacity', 'Connections that a connection table is made for', capacity),
    gauge('connection_slots', 'Places for connections in a connection table', slots),
    gauge('table_spills', 'Buckets of the connection table whose connections are in later ones, too; of a large one from a sample', spills),
    gauge('templates', 'Persistence templates of both families', templates.living),
    gauge('template_slots', 'Places for persistence templates of each family', templates.slots),
    reasonFamily('drops', drops),
    reasonFamily('passed', drops),
    reasonFamily('ended_early', drops),
    interfaceFamily(table),
  ];
}

/** weir_up is 0 where no datapath is loaded that this build can read: then there are no other families of the table. */
export function directorFamilies({ version, kernel, table, seconds, api }: Snapshot): readonly Family[] {
  const info = labelText({ build: table?.build ?? '', kernel, version });
  return [
    directorFamily('build_info', 'gauge', 'Version of weir, build of the loaded programs, Linux; always 1', [{ labels: info, value: 1 }]),
    gauge('up', 'Whether a datapath is loaded in this network namespace', table === undefined ? 0 : 1),
    gauge('scrape_duration_seconds', 'How long reading took for this text', seconds()),
    ...(table === undefined ? [] : [...tableFamilies(table), ...drainFamilies(table)]),
    ...(api === undefined ? [] : apiFamilies(api)),
  ];
}
