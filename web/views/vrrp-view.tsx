// The instances of VRRP: which are master here, and since when. Sessions of BFD, and the VIPs that weir has added.
import type { Instances, Sessions, Vips } from '../data/api-values.js';
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

type Session = Sessions['sessions'][number];
const BFD_SIGNS = { Up: '▲', Init: '△', Down: '▼', AdminDown: '▼' } as const;
const BFD_CLASSES = { Up: 'up', Init: 'starting', Down: 'down', AdminDown: 'down' } as const;

const sessionColumns: readonly Column<Session>[] = [
  { name: 'Session', sortBy: ({ name }) => name, cell: ({ name }) => name },
  { name: 'Neighbour', sortBy: ({ neighbour }) => neighbour, cell: ({ neighbour }) => neighbour },
  {
    name: 'State',
    sortBy: ({ state }) => state,
    cell: ({ state }) => (
      <span class={`badge ${BFD_CLASSES[state]}`}>
        <span aria-hidden="true">{BFD_SIGNS[state]}</span> {state}
      </span>
    ),
  },
  { name: 'Since', cell: ({ since }) => ago(since, Date.now()) },
  { name: 'Of the neighbour', cell: ({ remote_state }) => remote_state },
  { name: 'Why it went down', cell: ({ diagnostic }) => diagnostic },
  { name: 'Times down', isNumber: true, sortBy: ({ times_down }) => times_down, cell: ({ times_down }) => times_down },
];

function SessionTable() {
  const read = useResource<Sessions>('/v1/bfd-sessions', 2000, { after: ['bfd'] });
  return (
    <>
      <Failure read={read} />
      {read.value !== undefined && (
        <DataTable
          caption="Sessions of BFD"
          columns={sessionColumns}
          rows={read.value.sessions}
          keyOf={({ name }) => name}
          empty="No daemon on this host has a session of BFD."
        />
      )}
    </>
  );
}

type Vip = Vips['vips'][number];

const vipColumns: readonly Column<Vip>[] = [
  {
    name: 'Address',
    sortBy: ({ address }) => address,
    cell: ({ address, prefix_length }) => `${address}/${prefix_length}`,
  },
  { name: 'Interface', sortBy: (row) => row.interface, cell: (row) => row.interface },
  {
    name: 'State',
    cell: ({ present }) => (
      <span class={`badge ${present ? 'up' : 'down'}`}>
        <span aria-hidden="true">{present ? '▲' : '▼'}</span> {present ? 'there' : 'missing'}
      </span>
    ),
  },
];

function VipTable() {
  const read = useResource<Vips>('/v1/vips', 5000);
  return (
    <>
      <Failure read={read} />
      {read.value !== undefined && (
        <DataTable
          caption="VIPs that weir has added"
          columns={vipColumns}
          rows={read.value.vips}
          keyOf={({ address }) => address}
          empty="weir vip and weir apply have added none; those of VRRP are its own."
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
      <SameCommand command="weir api GET /v1/instances; weir api GET /v1/bfd-sessions; weir api GET /v1/vips" />
      <SessionTable />
      <SameCommand command="weir api GET /v1/bfd-sessions" />
      <VipTable />
      <SameCommand command="weir api GET /v1/vips" />
      <SameCommand command="weir status" />
    </section>
  );
}
