// Packets that were dropped, or passed on unbalanced, by reason.
import type { Drops } from '../data/api-values.js';
import { useResource } from '../data/resource.js';
import { type Column, DataTable } from '../parts/data-table.js';
import { Failure } from '../parts/failure.js';
import { SameCommand } from '../parts/same-command.js';
import { shortNumber } from '../parts/texts.js';

interface Row {
  readonly reason: string;
  readonly text: string;
  readonly recent: number | undefined;
  readonly total: number;
}

const columns: readonly Column<Row>[] = [
  { name: 'Reason', sortBy: ({ reason }) => reason, cell: ({ reason }) => reason },
  { name: 'Meaning', cell: ({ text }) => text },
  {
    name: 'The last minute',
    isNumber: true,
    sortBy: ({ recent }) => recent ?? 0,
    cell: ({ recent }) => (recent === undefined ? 'no history' : shortNumber(recent)),
  },
  { name: 'Since loading', isNumber: true, sortBy: ({ total }) => total, cell: ({ total }) => shortNumber(total) },
];

const rowsOf = ({ total, recent, reasons }: Drops): readonly Row[] =>
  Object.entries(reasons).map(([reason, text]) => ({
    reason,
    text,
    recent: recent === null ? undefined : Number(recent.counts[reason] ?? 0),
    total: Number(total[reason] ?? 0),
  }));

/** `onlyCounted`: without the reasons that no packet had. */
export function DropTable({ onlyCounted = false }: { readonly onlyCounted?: boolean }) {
  const read = useResource<Drops>('/v1/drops', 2000);
  return (
    <>
      <Failure read={read} />
      {read.value !== undefined && (
        <DataTable
          caption="Packets by reason"
          columns={columns}
          rows={rowsOf(read.value).filter(({ total }) => !onlyCounted || total > 0)}
          sort={{ column: 'The last minute', direction: 'descending' }}
          keyOf={({ reason }) => reason}
          rowClass={({ recent }) => ((recent ?? 0) > 0 ? 'draining' : '')}
          empty="No packet was dropped since the datapath was loaded."
        />
      )}
    </>
  );
}

export function DropsView() {
  return (
    <section>
      <h1>Drops</h1>
      <DropTable />
      <SameCommand command="weir api GET /v1/drops" />
      <SameCommand command="weir stats drops --recent; weir stats drops" />
    </section>
  );
}
