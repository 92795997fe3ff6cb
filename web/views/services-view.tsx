// Services and their servers, in the order of HAProxy's columns.
import { useMemo, useState } from 'preact/hooks';
import type { Checks, Drains, Overrides, Server, Table } from '../data/api-values.js';
import { drainText } from '../data/drain-rows.js';
import { connectionRates, highestRates } from '../data/highest-rates.js';
import { type Hold, holdsBy, overrideState } from '../data/holds.js';
import { useResource } from '../data/resource.js';
import { isTroubled, type ServerRow, type ServiceRows, type State, serverRowId, serviceRows, weightText } from '../data/server-rows.js';
import { type Column, DataTable } from '../parts/data-table.js';
import { DrainDialog } from '../parts/drain-dialog.js';
import { Failure } from '../parts/failure.js';
import { SameCommand } from '../parts/same-command.js';
import { Legend, StateBadge } from '../parts/state-badge.js';
import { ago, duration, shortNumber } from '../parts/texts.js';

type Row = { readonly kind: 'service'; readonly of: ServiceRows } | { readonly kind: 'server'; readonly of: ServerRow };

const counted = (row: Row) => (row.kind === 'service' ? row.of.service : row.of.server);
const stateOf = ({ of }: Row): State => of.state;

const idOf = (row: Row): string => (row.kind === 'service' ? row.of.service.id : serverRowId(row.of.service, row.of));

const number = (name: string, group: string, value: (row: Row) => number | undefined): Column<Row> => ({
  name,
  group,
  isNumber: true,
  sortBy: (row) => value(row) ?? 0,
  cell: (row) => {
    const found = value(row);
    return found === undefined ? '' : shortNumber(found);
  },
});

/** A server that is not in the table has none. */
const counter = (name: string, of: (counters: Server['counters']) => string): Column<Row> =>
  number(name, 'In all', (row) => {
    const found = counted(row)?.counters;
    return found === undefined ? undefined : Number(of(found));
  });

/** Empty until the drains and the overrides have been read. */
const restText = ({ drain, override }: Hold): string =>
  [...(drain === undefined ? [] : [drainText(drain)]), ...(override === undefined ? [] : [`override, ${overrideState(override)}`])].join(
    '; ',
  );

const columnsWith = (onDrain: (row: ServerRow) => void): readonly Column<Row>[] => [
  {
    name: 'Server',
    sortBy: (row) => (row.kind === 'service' ? row.of.service.id : row.of.id),
    cell: (row) => (row.kind === 'service' ? `${row.of.service.id} (${row.of.service.scheduler})` : row.of.id),
  },
  { name: 'Status', group: 'Health', sortBy: stateOf, cell: (row) => <StateBadge state={stateOf(row)} /> },
  {
    name: 'Since',
    group: 'Health',
    cell: (row) => (row.kind === 'server' ? ago(row.of.since, Date.now()) : ''),
  },
  { name: 'LastChk', group: 'Health', cell: (row) => (row.kind === 'server' ? row.of.lastCheck : '') },
  {
    name: 'Drain',
    group: 'Health',
    cell: (row) =>
      row.kind === 'server' && row.of.server?.draining === true ? (
        restText(row.of.hold)
      ) : row.kind === 'server' && row.of.server !== undefined ? (
        <button type="button" onClick={() => onDrain(row.of as ServerRow)}>
          Drain …<span class="unseen"> {row.of.id}</span>
        </button>
      ) : (
        ''
      ),
  },
  {
    name: 'Weight',
    group: 'Now',
    isNumber: true,
    sortBy: (row) => (row.kind === 'server' ? (row.of.server?.effective_weight ?? 0) : 0),
    cell: (row) => (row.kind === 'server' ? weightText(row.of) : ''),
  },
  number('ActiveConn', 'Now', (row) => counted(row)?.active),
  number('InActConn', 'Now', (row) => counted(row)?.inactive),
  number('Persist', 'Now', (row) => counted(row)?.persistent),
  number('CPS', 'A second', (row) => counted(row)?.rates.connections),
  number('CPS max', 'A second', (row) => highestRates.get(idOf(row))),
  number('In bytes/s', 'A second', (row) => counted(row)?.rates.bytes_in),
  number('Out bytes/s', 'A second', (row) => counted(row)?.rates.bytes_out),
  counter('Conns', ({ connections }) => connections),
  counter('Pkts in', ({ packets_in }) => packets_in),
  counter('Pkts out', ({ packets_out }) => packets_out),
  counter('Bytes in', ({ bytes_in }) => bytes_in),
  counter('Bytes out', ({ bytes_out }) => bytes_out),
  number('Chk fails', 'In all', (row) => (row.kind === 'server' ? (row.of.failures ?? undefined) : undefined)),
  number('Downs', 'In all', (row) => (row.kind === 'server' ? (row.of.timesDown ?? undefined) : undefined)),
  {
    name: 'Downtime',
    group: 'In all',
    isNumber: true,
    sortBy: (row) => (row.kind === 'server' ? (row.of.downSeconds ?? 0) : 0),
    cell: (row) => (row.kind === 'server' && row.of.downSeconds !== null ? duration(row.of.downSeconds) : ''),
  },
];

/** Services stay with their servers below them. */
function order(rows: readonly Row[], compare: (a: Row, b: Row) => number): readonly Row[] {
  const services = rows.filter((row): row is Extract<Row, { kind: 'service' }> => row.kind === 'service');
  const servers = new Map<unknown, Row[]>(services.map(({ of }) => [of.service, []]));
  for (const row of rows) if (row.kind === 'server') servers.get(row.of.service)?.push(row);
  return [...services].sort(compare).flatMap((row) => [row, ...(servers.get(row.of.service) ?? []).sort(compare)]);
}

const wanted = (row: ServerRow, text: string, troubled: boolean): boolean =>
  (!troubled || isTroubled(row)) && (text === '' || row.id.includes(text) || row.service.id.includes(text));

function rowsOf(all: readonly ServiceRows[], text: string, troubled: boolean): readonly Row[] {
  return all.flatMap((one) => {
    const servers = one.servers.filter((row) => wanted(row, text, troubled));
    const own = !troubled && one.service.id.includes(text);
    return servers.length === 0 && !own
      ? []
      : [{ kind: 'service', of: one } as const, ...servers.map((of) => ({ kind: 'server', of }) as const)];
  });
}

export function ServicesView() {
  const table = useResource<Table>('/v1/services', 2000, { after: ['table', 'health', 'drain', 'override'], isCounted: true });
  const checks = useResource<Checks>('/v1/checks', 2000, { after: ['health'] });
  const [draining, setDraining] = useState<ServerRow>();
  const drains = useResource<Drains>('/v1/drains', 2000, { after: ['drain'], isCounted: true });
  const overrides = useResource<Overrides>('/v1/overrides', 2000, { after: ['override'] });
  const columns = useMemo(() => columnsWith(setDraining), []);
  const drained = (begun: boolean): void => {
    setDraining(undefined);
    if (begun) table.refresh();
  };
  const [text, setText] = useState('');
  const [troubled, setTroubled] = useState(false);
  const holdOf = holdsBy(drains.value, overrides.value);
  const all = table.value === undefined ? [] : serviceRows(table.value, checks.value, Date.now(), holdOf);
  if (table.value !== undefined) highestRates.add(connectionRates(all));
  return (
    <section>
      <h1>Services and servers</h1>
      <Failure read={table} />
      {checks.failure !== undefined && <Failure read={checks} />}
      {drains.failure !== undefined && <Failure read={drains} />}
      {overrides.failure !== undefined && <Failure read={overrides} />}
      <form class="filter" onSubmit={(event) => event.preventDefault()}>
        <label>
          Address contains <input value={text} onInput={({ currentTarget }) => setText(currentTarget.value)} />
        </label>
        <label>
          <input type="checkbox" checked={troubled} onChange={({ currentTarget }) => setTroubled(currentTarget.checked)} /> Only what is
          down or has weight 0
        </label>
      </form>
      <Legend />
      <DataTable
        caption="Services with their servers"
        columns={columns}
        rows={rowsOf(all, text, troubled)}
        order={order}
        keyOf={idOf}
        rowClass={(row) => `${row.kind} ${stateOf(row)}`}
        empty={table.value === undefined ? '' : 'No service or server is as asked.'}
      />
      {draining !== undefined && <DrainDialog server={draining.id} service={draining.service.id} onClose={drained} />}
      <SameCommand command="weir api GET /v1/services; weir api GET /v1/checks" />
      <SameCommand command="ipvsadm -Ln --stats; ipvsadm -Ln --rate; weir top" />
    </section>
  );
}
