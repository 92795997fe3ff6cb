// The first screen in an incident: what is down, who is master, what connections and drops do, what doctor finds, and the server that stands out.
import { useEffect, useState } from 'preact/hooks';
import type { Checks, Drains, Drops, Overrides, Table, TrafficHistory } from '../data/api-values.js';
import { connectionRates, highestRates } from '../data/highest-rates.js';
import { connectionCount, connectionHistory, dropCount, dropHistory } from '../data/history.js';
import { holdsBy } from '../data/holds.js';
import { minutesOf, type Rates } from '../data/hour-ago.js';
import { useResource } from '../data/resource.js';
import { deviation, isTroubled, type ServerRow, type ServiceRows, serviceRows, weightText, whyTroubled } from '../data/server-rows.js';
import { Chart } from '../parts/chart.js';
import { type Column, DataTable } from '../parts/data-table.js';
import { Failure } from '../parts/failure.js';
import { SameCommand } from '../parts/same-command.js';
import { StateBadge } from '../parts/state-badge.js';
import { ago, shortNumber } from '../parts/texts.js';
import { NewestChanges } from './changes-view.js';
import { FindingList } from './doctor-view.js';
import { DropTable } from './drops-view.js';
import { InstanceTable } from './vrrp-view.js';

const troubledColumns: readonly Column<ServerRow>[] = [
  { name: 'Server', sortBy: ({ id }) => id, cell: ({ id }) => id },
  { name: 'Service', sortBy: ({ service }) => service.id, cell: ({ service }) => service.id },
  { name: 'Status', sortBy: ({ state }) => state, cell: ({ state }) => <StateBadge state={state} /> },
  { name: 'Since', cell: ({ since }) => ago(since, Date.now()) },
  { name: 'Why', cell: (row) => whyTroubled(row, Date.now()) },
  {
    name: 'Connections left',
    isNumber: true,
    cell: ({ server }) => (server === undefined ? '' : shortNumber(server.active + server.inactive)),
  },
];

/** Read out when it changes, and only then. */
function Troubled({ all }: { readonly all: readonly ServiceRows[] }) {
  const servers = all.flatMap((one) => one.servers).filter(isTroubled);
  const services = all.filter(isTroubled);
  return (
    <section>
      <h2>Down or without new connections</h2>
      <p class="sum" role="status">
        {services.length} of {all.length} services, {servers.length} of {all.reduce((sum, one) => sum + one.servers.length, 0)} servers
      </p>
      <DataTable
        caption="Servers that are down or have weight 0"
        columns={troubledColumns}
        rows={servers}
        keyOf={({ service, id }) => `${service.id} ${id}`}
        rowClass={({ state }) => state}
        empty="Nothing is down, and no server has weight 0."
      />
    </section>
  );
}

const sideColumns: readonly Column<ServerRow>[] = [
  { name: 'Server', sortBy: ({ id }) => id, cell: ({ id }) => id },
  { name: 'Status', sortBy: ({ state }) => state, cell: ({ state }) => <StateBadge state={state} /> },
  { name: 'Weight', isNumber: true, sortBy: ({ server }) => server?.effective_weight ?? 0, cell: weightText },
  {
    name: 'CPS',
    isNumber: true,
    sortBy: ({ server }) => server?.rates.connections ?? 0,
    cell: ({ server }) => server?.rates.connections ?? '',
  },
  { name: 'ActiveConn', isNumber: true, sortBy: ({ server }) => server?.active ?? 0, cell: ({ server }) => server?.active ?? '' },
  { name: 'InActConn', isNumber: true, sortBy: ({ server }) => server?.inactive ?? 0, cell: ({ server }) => server?.inactive ?? '' },
  { name: 'From its share', isNumber: true, sortBy: deviation, cell: (row) => `${Math.round(deviation(row) * 100)} %` },
];

function SideBySide({ all }: { readonly all: readonly ServiceRows[] }) {
  const [chosen, setChosen] = useState('');
  const one = all.find(({ service }) => service.id === chosen) ?? all.find(({ servers }) => servers.some(isTroubled)) ?? all[0];
  if (one === undefined) return null;
  return (
    <section>
      <h2>One service, the server that stands out first</h2>
      <label>
        Service{' '}
        <select value={one.service.id} onChange={({ currentTarget }) => setChosen(currentTarget.value)}>
          {all.map(({ service }) => (
            <option key={service.id} value={service.id}>
              {service.id}
            </option>
          ))}
        </select>
      </label>
      <DataTable
        caption={`Servers of ${one.service.id}`}
        columns={sideColumns}
        rows={one.servers}
        sort={{ column: 'From its share', direction: 'descending' }}
        keyOf={({ id }) => id}
        rowClass={({ state }) => state}
        empty="This service has no server."
      />
    </section>
  );
}

type Beside = readonly [what: string, of: (rates: Rates) => number];
const BESIDE: readonly Beside[] = [
  ['New connections/s', ({ connections }) => connections],
  ['Packets in/s', ({ packetsIn }) => packetsIn],
  ['Bytes in/s', ({ bytesIn }) => bytesIn],
  ['Packets dropped or passed on/s', ({ dropped }) => dropped],
];

function besideColumns(last: Rates, hourAgo: Rates | undefined): readonly Column<Beside>[] {
  const cell = (rates: Rates | undefined, of: Beside[1]): string =>
    rates === undefined ? 'not known' : shortNumber(Math.round(of(rates) * 10) / 10);
  return [
    { name: 'What', cell: ([what]) => what },
    { name: 'Last minute', isNumber: true, cell: ([, of]) => cell(last, of) },
    { name: 'An hour before', isNumber: true, cell: ([, of]) => cell(hourAgo, of) },
  ];
}

/** Now beside an hour ago. */
function AnHourAgo() {
  const read = useResource<TrafficHistory>('/v1/history', 30_000);
  const { last, hourAgo } = read.value === undefined ? { last: undefined, hourAgo: undefined } : minutesOf(read.value);
  if (last === undefined) return <Failure read={read} />;
  return (
    <DataTable
      caption="The last minute beside that of an hour before"
      columns={besideColumns(last, hourAgo)}
      rows={BESIDE}
      keyOf={([what]) => what}
      empty=""
    />
  );
}

function Traffic({
  table,
  drops,
}: {
  readonly table: { value: Table | undefined; at: number };
  readonly drops: { value: Drops | undefined; at: number };
}) {
  const [, show] = useState(0);
  useEffect(() => {
    if (table.value !== undefined) connectionHistory.add(table.at, connectionCount(table.value));
    if (drops.value !== undefined) dropHistory.add(drops.at, dropCount(drops.value));
    show((count) => count + 1);
  }, [table.at, drops.at]);
  return (
    <section>
      <h2>Traffic</h2>
      <div class="charts">
        <Chart title="New connections" unit="connections/s" series={connectionHistory.series} />
        <Chart title="Packets dropped or passed on" unit="packets/s" series={dropHistory.series} />
      </div>
      <AnHourAgo />
      <DropTable onlyCounted />
    </section>
  );
}

export function IncidentView() {
  const table = useResource<Table>('/v1/services', 2000, { after: ['table', 'health', 'drain', 'override'], isCounted: true });
  const checks = useResource<Checks>('/v1/checks', 2000, { after: ['health'] });
  const drops = useResource<Drops>('/v1/drops', 2000);
  const drains = useResource<Drains>('/v1/drains', 2000, { after: ['drain'], isCounted: true });
  const overrides = useResource<Overrides>('/v1/overrides', 2000, { after: ['override'] });
  const holdOf = holdsBy(drains.value, overrides.value);
  const all = table.value === undefined ? [] : serviceRows(table.value, checks.value, Date.now(), holdOf);
  if (table.value !== undefined) highestRates.add(connectionRates(all));
  return (
    <>
      <h1>Now</h1>
      <Failure read={table} />
      {checks.value === undefined ? <Failure read={checks} /> : <Troubled all={all} />}
      <section>
        <h2>VRRP</h2>
        <InstanceTable />
      </section>
      <Traffic table={table} drops={drops} />
      <section>
        <h2>Last changes</h2>
        <NewestChanges />
      </section>
      <section>
        <h2>Doctor's findings</h2>
        {checks.value !== undefined && drops.value !== undefined && <FindingList />}
      </section>
      <SideBySide all={all} />
      <SameCommand command="weir status; weir top --once; weir drain list; weir stats drops --recent; weir api GET /v1/history; weir api GET /v1/changes; weir doctor" />
    </>
  );
}
