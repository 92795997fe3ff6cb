// Connections that are alive, a page at a time.
import { useState } from 'preact/hooks';
import type { Connection, Connections } from '../data/api-values.js';
import { useResource } from '../data/resource.js';
import { type Column, DataTable } from '../parts/data-table.js';
import { Failure } from '../parts/failure.js';
import { SameCommand } from '../parts/same-command.js';
import { duration } from '../parts/texts.js';

const LIMIT = 500;

const columns: readonly Column<Connection>[] = [
  { name: 'Client', sortBy: ({ client }) => client, cell: ({ client }) => client },
  { name: 'Protocol', sortBy: ({ protocol }) => protocol, cell: ({ protocol }) => protocol },
  { name: 'Virtual', sortBy: (row) => row.virtual, cell: (row) => row.virtual },
  { name: 'Server', sortBy: ({ server }) => server ?? '', cell: ({ server }) => server ?? 'none' },
  { name: 'Method', sortBy: ({ method }) => method, cell: ({ method }) => method },
  { name: 'State', sortBy: ({ state }) => state, cell: ({ state }) => state },
  { name: 'Idle', isNumber: true, sortBy: ({ idle }) => idle, cell: ({ idle }) => duration(idle) },
  { name: 'Expires in', isNumber: true, sortBy: ({ expires }) => expires, cell: ({ expires }) => duration(expires) },
];

const FILTERS = ['service', 'server', 'client', 'state'] as const;
const EXAMPLES = { service: 'tcp:192.0.2.1:80', server: '10.0.0.2:80', client: '198.51.100.0/24', state: 'ESTABLISHED' } as const;
type Filter = Partial<Record<(typeof FILTERS)[number], string>>;

function queryOf(filter: Filter): string {
  const given = FILTERS.flatMap((name) =>
    filter[name] === undefined || filter[name] === '' ? [] : [[name, filter[name]] as [string, string]],
  );
  return `${new URLSearchParams([...given, ['limit', String(LIMIT)]])}`;
}

export function ConnectionsView() {
  const [typed, setTyped] = useState<Filter>({});
  const [filter, setFilter] = useState<Filter>({});
  const path = `/v1/connections?${queryOf(filter)}`;
  const read = useResource<Connections>(path, 2000);
  return (
    <section>
      <h1>Connections</h1>
      <form
        class="filter"
        onSubmit={(event) => {
          event.preventDefault();
          setFilter(typed);
        }}
      >
        {FILTERS.map((name) => (
          <label key={name}>
            {name}{' '}
            <input
              placeholder={EXAMPLES[name]}
              value={typed[name] ?? ''}
              onInput={({ currentTarget }) => setTyped({ ...typed, [name]: currentTarget.value.trim() })}
            />
          </label>
        ))}
        <button type="submit">Filter</button>
      </form>
      <Failure read={read} />
      {read.value !== undefined && (
        <DataTable
          caption={read.value.next === null ? 'Connections' : `The first ${LIMIT} connections`}
          columns={columns}
          rows={read.value.connections}
          keyOf={({ protocol, client, virtual, state }) => `${protocol} ${client} ${virtual} ${state}`}
          empty="No connection is as asked."
        />
      )}
      <SameCommand command={`weir api GET "${path}"`} />
    </section>
  );
}
