// The journal: what was changed by the API, by whom, with which commands.
import type { Change, Changes } from '../data/api-values.js';
import { useResource } from '../data/resource.js';
import { type Column, DataTable } from '../parts/data-table.js';
import { Failure } from '../parts/failure.js';
import { SameCommand } from '../parts/same-command.js';

const columns: readonly Column<Change>[] = [
  { name: 'When', sortBy: ({ at }) => at, cell: ({ at }) => new Date(at).toLocaleString() },
  { name: 'Author', sortBy: ({ author }) => author, cell: ({ author }) => author },
  { name: 'Commands', cell: ({ commands }) => <code>{commands.join('; ')}</code> },
  { name: 'Made', cell: ({ after }) => (after === null ? 'not known: the process was killed' : 'yes') },
];

const NEWEST = 5;

const useChanges = () => useResource<Changes>('/v1/changes', 2000, { after: ['change'] });

/** For the first screen. */
export function NewestChanges() {
  const read = useChanges();
  return (
    <>
      <Failure read={read} />
      {read.value !== undefined && (
        <DataTable
          caption="The newest changes by the API"
          columns={columns}
          rows={read.value.changes.slice(0, NEWEST)}
          keyOf={({ id }) => id}
          empty="Nothing was changed by the API."
        />
      )}
    </>
  );
}

export function ChangesView() {
  const read = useChanges();
  return (
    <section>
      <h1>Changes by the API</h1>
      <Failure read={read} />
      {read.value !== undefined && (
        <DataTable
          caption="Changes, the newest first"
          columns={columns}
          rows={read.value.changes}
          keyOf={({ id }) => id}
          empty="Nothing was changed by the API. What ipvsadm changes by hand is not in this journal."
        />
      )}
      <SameCommand command="weir api GET /v1/changes" />
    </section>
  );
}
