// The health of servers, as the daemons of this host found it.
import type { Checks, Drains, Overrides, RealHealth } from '../data/api-values.js';
import { type Hold, holdsBy, holdText } from '../data/holds.js';
import { useResource } from '../data/resource.js';
import { type State, serviceIdOf } from '../data/server-rows.js';
import { type Column, DataTable } from '../parts/data-table.js';
import { Failure } from '../parts/failure.js';
import { SameCommand } from '../parts/same-command.js';
import { StateBadge } from '../parts/state-badge.js';
import { ago } from '../parts/texts.js';

interface Row {
  readonly service: string;
  readonly real: RealHealth;
  readonly hold: Hold;
}

/** One in maintenance is so since the override began. */
const sinceOf = ({ real, hold }: Row): string | null => (real.maintained === true ? (hold.override?.since ?? null) : real.since);

function stateOf({ real }: Row): State {
  if (real.maintained === true) return 'maintenance';
  if (!real.up) return 'down';
  if (real.checks === 0) return 'unchecked';
  return real.unchecked > 0 ? 'starting' : 'up';
}

const columns: readonly Column<Row>[] = [
  { name: 'Server', sortBy: ({ real }) => real.server, cell: ({ real }) => real.server },
  { name: 'Virtual server', sortBy: ({ service }) => service, cell: ({ service }) => service },
  { name: 'Status', sortBy: stateOf, cell: (row) => <StateBadge state={stateOf(row)} /> },
  { name: 'Since', cell: (row) => ago(sinceOf(row), Date.now()) },
  { name: 'Held by', cell: ({ hold }) => holdText(hold, Date.now()) },
  { name: 'Checks', isNumber: true, sortBy: ({ real }) => real.checks, cell: ({ real }) => real.checks },
  { name: 'Downs', isNumber: true, sortBy: ({ real }) => real.timesDown, cell: ({ real }) => real.timesDown },
  { name: 'Failed', cell: ({ real }) => real.failed.map(({ check, reason }) => `${check} ${reason}`).join('; ') },
  { name: 'Could not be made', cell: ({ real }) => real.notMade.map(({ check, reason }) => `${check} ${reason}`).join('; ') },
];

export function ChecksView() {
  const read = useResource<Checks>('/v1/checks', 2000, { after: ['health'] });
  const drains = useResource<Drains>('/v1/drains', 2000, { after: ['drain'], isCounted: true });
  const overrides = useResource<Overrides>('/v1/overrides', 2000, { after: ['override'] });
  const holdOf = holdsBy(drains.value, overrides.value);
  const rows = read.value?.virtual_servers.flatMap(({ name, servers }) =>
    servers.map((real) => ({ service: name, real, hold: holdOf({ service: { id: serviceIdOf(name) }, id: real.server }) })),
  );
  return (
    <section>
      <h1>Health checks</h1>
      <Failure read={read} />
      {rows !== undefined && (
        <DataTable
          caption="Servers with their health checks"
          columns={columns}
          rows={rows}
          keyOf={({ service, real }) => `${service} ${real.server}`}
          rowClass={stateOf}
          empty="No daemon on this host checks servers."
        />
      )}
      <SameCommand command="weir api GET /v1/checks" />
      <SameCommand command="weir status" />
    </section>
  );
}
