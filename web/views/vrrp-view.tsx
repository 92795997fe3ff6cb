// The instances of VRRP: which are master here, and since when.
import type { Instances } from '../data/api-values.js';
import { useResource } from '../data/resource.js';
import { type Column, DataTable } from '../parts/data-table.js';
import { Failure } from '../parts/failure.js';
import { SameCommand } from '../parts/same-command.js';
import { ago } from '../parts/texts.js';

type Row = Instances['instances'][number];

const SIGNS = { MASTER: '▲', BACKUP: '○', FAULT: '▼', INIT: '△' } as const;
const CLASSES = { MASTER: 'up', BACKUP: 'unchecked', FAULT: 'down', INIT: 'starting' } as const;

const columns: readonly Column<Row>[] = [
  { name: 'Instance', sortBy: ({ name }) => name, cell: ({ name }) => name },
  {
    name: 'State',
    sortBy: ({ state }) => state,
    cell: ({ state }) => (
      <span class={`badge ${CLASSES[state]}`}>
        <span aria-hidden="true">{SIGNS[state]}</span> {state}
      </span>
    ),
  },
  { name: 'Since', cell: ({ since }) => ago(since, Date.now()) },
  { name: 'Interface', sortBy: (row) => row.interface, cell: (row) => row.interface },
  { name: 'VRID', isNumber: true, sortBy: ({ virtualRouterId }) => virtualRouterId, cell: ({ virtualRouterId }) => virtualRouterId },
  { name: 'Priority', isNumber: true, sortBy: ({ priority }) => priority, cell: ({ priority }) => priority },
  { name: 'Faults', cell: ({ faults }) => faults.join('; ') },
];

export function InstanceTable() {
  const read = useResource<Instances>('/v1/instances', 2000, { after: ['instance'] });
  return (
    <>
      <Failure read={read} />
      {read.value !== undefined && (
        <DataTable
          caption="Instances of VRRP"
          columns={columns}
          rows={read.value.instances}
          keyOf={({ name }) => name}
          empty="No daemon on this host has an instance of VRRP."
        />
      )}
    </>
  );
}

export function VrrpView() {
  return (
    <section>
      <h1>VRRP</h1>
      <InstanceTable />
      <SameCommand command="weir api GET /v1/instances" />
      <SameCommand command="weir status" />
    </section>
  );
}
