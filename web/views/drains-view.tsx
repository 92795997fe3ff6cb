// Drains: what is left of each, until when, and the click that gives the configured weights back; overrides.
import { useState } from 'preact/hooks';
import type { Drain, Drains } from '../data/api-values.js';
import { messageOf, send, useResource } from '../data/resource.js';
import { type Column, DataTable } from '../parts/data-table.js';
import { Failure } from '../parts/failure.js';
import { OverrideTable } from '../parts/override-table.js';
import { SameCommand } from '../parts/same-command.js';
import { duration, shortNumber } from '../parts/texts.js';

function Cancel({ drain }: { readonly drain: Drain }) {
  const [failure, setFailure] = useState<string>();
  const cancel = (): void => {
    send(`/v1/drains/${drain.id}`, { method: 'DELETE' }).catch((error: unknown) => setFailure(messageOf(error)));
  };
  if (!drain.holds) return null;
  return (
    <>
      <button type="button" onClick={cancel}>
        Give the weights back<span class="unseen"> of {drain.target}</span>
      </button>
      {failure !== undefined && <span class="failure"> {failure}</span>}
    </>
  );
}

const columns: readonly Column<Drain>[] = [
  { name: 'Id', sortBy: ({ id }) => id, cell: ({ id }) => id },
  { name: 'Target', sortBy: ({ target }) => target, cell: ({ target, also }) => [target, ...also].join(', ') },
  { name: 'State', sortBy: ({ state }) => state, cell: ({ state }) => state },
  { name: 'Open', isNumber: true, cell: ({ remaining }) => (remaining === null ? '' : shortNumber(remaining.open)) },
  { name: 'Closing or idle', isNumber: true, cell: ({ remaining }) => (remaining === null ? '' : shortNumber(remaining.over)) },
  { name: 'Persistent', isNumber: true, cell: ({ remaining }) => (remaining === null ? '' : shortNumber(remaining.persistent)) },
  {
    name: 'Deadline in',
    sortBy: ({ deadlineInS }) => deadlineInS,
    cell: ({ state, deadlineInS }) => (state === 'draining' ? duration(deadlineInS) : ''),
  },
  { name: 'Empty in', cell: ({ state, forecastS }) => (state !== 'draining' || forecastS === null ? '' : duration(forecastS)) },
  { name: 'Begun', cell: ({ startedAt }) => new Date(startedAt).toLocaleString() },
  { name: 'End', cell: (drain) => <Cancel drain={drain} /> },
];

export function DrainsView() {
  // The numbers of one that goes on are no events.
  const read = useResource<Drains>('/v1/drains', 2000, { after: ['drain'], isCounted: true });
  return (
    <section>
      <h1>Drains</h1>
      <Failure read={read} />
      {read.value !== undefined && (
        <DataTable
          caption="Drains, the oldest first"
          columns={columns}
          rows={read.value.drains}
          keyOf={({ id }) => id}
          rowClass={({ holds }) => (holds ? 'draining' : '')}
          empty="Nothing is drained. The button of a server in Services begins a drain."
        />
      )}
      <h2>Overrides</h2>
      <OverrideTable />
      <SameCommand command="weir drain list" />
      <SameCommand command="weir api GET /v1/overrides" />
    </section>
  );
}
