// What operators state of servers by the control API, above their configuration.
import type { Override, Overrides } from '../data/api-values.js';
import { overrideEnd, overrideState } from '../data/holds.js';
import { useResource } from '../data/resource.js';
import { type Column, DataTable } from './data-table.js';
import { Failure } from './failure.js';

const columns: readonly Column<Override>[] = [
  { name: 'Target', sortBy: ({ target }) => target, cell: ({ target }) => target },
  { name: 'State', sortBy: overrideState, cell: overrideState },
  { name: 'Reason', cell: ({ reason }) => reason },
  { name: 'By', sortBy: ({ owner }) => owner, cell: ({ owner }) => owner },
  { name: 'Since', cell: ({ since }) => new Date(since).toLocaleString() },
  { name: 'End', cell: (override) => overrideEnd(override, Date.now()) || 'when it is taken away' },
];

export function OverrideTable() {
  const read = useResource<Overrides>('/v1/overrides', 2000, { after: ['override'] });
  return (
    <>
      <Failure read={read} />
      {read.value !== undefined && (
        <DataTable
          caption="Overrides, the oldest first"
          columns={columns}
          rows={read.value.overrides}
          keyOf={({ target }) => target}
          empty="There is no override."
        />
      )}
    </>
  );
}
