// weir_service_* and weir_server_*: services and servers with their counters since loading and their health.

import { serviceName as keepalivedName } from '../../control/virtual-server/names.js';
import type { PublishedServerAttempts } from '../../host/published-attempts.js';
import { ATTEMPT_RESULTS } from '../../host/published-check-counts.js';
import { byServer } from '../../model/by-server.js';
import { effectiveWeight } from '../../model/drain/effective-weight.js';
import { madeOnce } from '../../model/made-once.js';
import type { ServiceEntry, ServiceSpec, Stats } from '../../model/service.js';
import { flagText } from '../../model/service-text.js';
import { serviceWord } from '../../model/service-word.js';
import { type Family, labelText, lazyFamily, type Sample, type Scope, withLabel } from '../exposition/family.js';
import type { Snapshot } from '../snapshot.js';
import { checkedOf, SERVER_STATES, type ServerEntry, serversOf } from './server-state.js';

const US_PER_S = 1_000_000;

const TRAFFIC: readonly (readonly [name: string, of: keyof Stats, what: string])[] = [
  ['connections', 'conns', 'Connections'],
  ['packets_in', 'inPackets', 'Packets from clients'],
  ['packets_out', 'outPackets', 'Packets to clients that passed by the director'],
  ['bytes_in', 'inBytes', 'Bytes from clients'],
  ['bytes_out', 'outBytes', 'Bytes to clients that passed by the director'],
];

/** Labels of a service or a server, alone and with each state. */
interface Labels {
  readonly labels: string;
  readonly states: readonly string[];
}

/** With each result of an attempt, too. */
interface ServerLabels extends Labels {
  readonly results: readonly string[];
}

interface ServiceLabels extends Labels {
  readonly info: string;
  server(name: string): ServerLabels;
}

interface ServerRow {
  readonly server: ServerEntry;
  readonly own: ServerLabels;
  /** Absent: no check of it has made an attempt. */
  readonly attempts: PublishedServerAttempts | undefined;
}

interface Row {
  readonly own: ServiceLabels;
  readonly service: ServiceEntry;
  readonly servers: readonly ServerRow[];
}

const withStates = (labels: string): Labels => ({ labels, states: SERVER_STATES.map((state) => withLabel(labels, 'state', state)) });

const labelsOf = madeOnce((spec: ServiceSpec): ServiceLabels => {
  const service = serviceWord(spec.key);
  const servers = new Map<string, ServerLabels>();
  return {
    ...withStates(labelText({ service })),
    info: infoLabels(spec),
    server(name) {
      const made = servers.get(name) ?? {
        ...withStates(labelText({ server: name, service })),
        results: ATTEMPT_RESULTS.map((result) => labelText({ result, server: name, service })),
      };
      servers.set(name, made);
      return made;
    },
  };
});

function rowsOf({ table, checks, attempts }: Snapshot): readonly Row[] {
  const byName = new Map(checks.map((server) => [server.name, server]));
  const made = byServer(attempts);
  return (table?.services ?? []).map((service) => {
    const own = labelsOf(service.spec);
    const checked = checkedOf(byName, service.spec.key);
    const servers = serversOf(service, checked).map((server) => ({
      server,
      own: own.server(server.name),
      attempts: checked && server.check && made(checked.name, server.check.server),
    }));
    return { own, service, servers };
  });
}

function infoLabels({ key, scheduler, persistence, ...spec }: ServiceSpec): string {
  const flags = flagText({ key, scheduler, ...spec });
  const words = [...(flags === '' ? [] : [flags]), ...(spec.onePacket ? ['ops'] : [])];
  return labelText({
    flags: words.join(','),
    persistence: persistence === undefined ? '' : persistence.timeout,
    scheduler,
    service: serviceWord(key),
  });
}

const family = (scope: Scope, type: Family['type'], name: string, help: string, samples: () => readonly Sample[]): Family =>
  lazyFamily({ name: `weir_${scope}_${name}`, type, help, scope }, samples);

function stateSamples({ own: { states }, servers }: Row): readonly Sample[] {
  return SERVER_STATES.map((state, index) => ({
    labels: states[index] ?? '',
    value: servers.filter(({ server }) => server.state === state).length,
  }));
}

/** Made when the first of its readers asks. */
type Rows = () => readonly Row[];

function serviceFamilies(rows: Rows): readonly Family[] {
  return [
    family('service', 'gauge', 'info', 'Scheduler, flags and persistence in seconds of a service; always 1', () =>
      rows().map(({ own: { info } }) => ({ labels: info, value: 1 })),
    ),
    family('service', 'gauge', 'servers', 'Servers of a service by state', () => rows().flatMap(stateSamples)),
    ...TRAFFIC.map(([name, of, what]) =>
      family('service', 'counter', `${name}_total`, `${what} of a service since the datapath was loaded`, () =>
        rows().map(({ own: { labels }, service }) => ({ labels, value: service.stats[of] })),
      ),
    ),
  ];
}

type NumberOf = (server: ServerEntry) => number | bigint | undefined;

function serverSamples(rows: readonly Row[], of: NumberOf): readonly Sample[] {
  const samples: Sample[] = [];
  for (const { servers } of rows) {
    for (const { server, own } of servers) {
      const value = of(server);
      if (value !== undefined) samples.push({ labels: own.labels, value });
    }
  }
  return samples;
}

const NUMBERS: readonly (readonly [name: string, help: string, of: NumberOf])[] = [
  ['weight', 'Weight of a server in the table', ({ entry }) => entry && effectiveWeight(entry)],
  [
    'configured_weight',
    'Weight of a server as it is configured: of one that is drained or overridden it is not in force',
    ({ entry }) => entry?.spec.weight,
  ],
  ['connections_active', 'Established connections of a server', ({ entry }) => entry?.active],
  ['connections_inactive', 'Connections of a server that are not established', ({ entry }) => entry?.inactive],
  ['connections_persistent', 'Persistence templates of a server', ({ entry }) => entry?.persistent],
  ['checks', 'Health checks of a server', ({ check }) => check?.checks],
  ['checks_failing', 'Health checks of a server that failed the last time', ({ check }) => check?.failed.length],
  [
    'last_change_timestamp_seconds',
    'When the checks of a server last made it up or down',
    ({ check }) => (check === undefined || check.sinceUs === 0 ? undefined : check.sinceUs / US_PER_S),
  ],
];

function serverStateSamples(rows: readonly Row[]): readonly Sample[] {
  const samples: Sample[] = [];
  for (const { servers } of rows) {
    for (const { server, own } of servers) {
      for (const [index, state] of SERVER_STATES.entries())
        samples.push({ labels: own.states[index] ?? '', value: server.state === state ? 1 : 0 });
    }
  }
  return samples;
}

/** With the time that is not over yet. */
const downSecondsOf =
  (at: number): NumberOf =>
  ({ check }) => {
    if (check === undefined) return undefined;
    const now = check.up || check.sinceUs === 0 ? 0 : Math.max(0, at - check.sinceUs / US_PER_S);
    return (check.downUs ?? 0) / US_PER_S + now;
  };

/** Success and failure of each server, other results where there were any. */
function attemptSamples(rows: readonly Row[]): readonly Sample[] {
  const samples: Sample[] = [];
  for (const { servers } of rows) {
    for (const { own, attempts } of servers) {
      if (attempts === undefined) continue;
      for (const [index, result] of ATTEMPT_RESULTS.entries()) {
        const value = attempts.results[result];
        if (value > 0 || result === 'success' || result === 'failure') samples.push({ labels: own.results[index] ?? '', value });
      }
    }
  }
  return samples;
}

function lastDurationSamples(rows: readonly Row[]): readonly Sample[] {
  return rows.flatMap(({ servers }) =>
    servers.flatMap(({ own, attempts }) =>
      attempts === undefined ? [] : [{ labels: own.labels, value: attempts.last.tookUs / US_PER_S }],
    ),
  );
}

function attemptFamilies(rows: Rows, { attempts }: Snapshot): readonly Family[] {
  if (attempts.length === 0) return [];
  return [
    family('server', 'counter', 'check_total', "Attempts of a server's health checks that have ended, by result", () =>
      attemptSamples(rows()),
    ),
    family('server', 'gauge', 'check_last_duration_seconds', 'How long the last attempt of a health check of a server took', () =>
      lastDurationSamples(rows()),
    ),
  ];
}

function serverFamilies(rows: Rows, at: number): readonly Family[] {
  return [
    ...NUMBERS.map(([name, help, of]) => family('server', 'gauge', name, help, () => serverSamples(rows(), of))),
    family('server', 'gauge', 'state', 'State of a server: 1 for the one that it is in', () => serverStateSamples(rows())),
    family('server', 'counter', 'times_down_total', "How often a server's checks made it down since the host's start", () =>
      serverSamples(rows(), ({ check }) => check?.timesDown),
    ),
    family('server', 'counter', 'down_seconds_total', "How long a server's checks have kept it down since the host's start", () =>
      serverSamples(rows(), downSecondsOf(at)),
    ),
    ...TRAFFIC.map(([name, of, what]) =>
      family('server', 'counter', `${name}_total`, `${what} of a server since it was added, or the datapath was loaded`, () =>
        serverSamples(rows(), ({ entry }) => entry?.stats[of]),
      ),
    ),
  ];
}

/** Virtual servers by keepalived.conf: one of a group has the group's name as `service`. */
function quorumFamilies({ checks, table }: Snapshot): readonly Family[] {
  if (checks.length === 0) return [];
  const words = new Map((table?.services ?? []).map(({ spec: { key } }) => [keepalivedName(key), serviceWord(key)]));
  const labelled = checks.map((server) => ({ server, labels: labelText({ service: words.get(server.name) ?? server.name }) }));
  const gauge = (name: string, help: string, of: (server: Snapshot['checks'][number]) => number): Family =>
    family('service', 'gauge', name, help, () => labelled.map(({ server, labels }) => ({ labels, value: of(server) })));
  return [
    gauge('quorum_up', 'Whether the servers that are up reach the quorum', ({ quorumUp }) => (quorumUp ? 1 : 0)),
    gauge('quorum', 'Weight that servers must have together', ({ quorum }) => quorum),
    gauge('weight_up', 'Weight of the servers that are up', ({ weight }) => weight),
  ];
}

export function serviceAndServerFamilies(snapshot: Snapshot): readonly Family[] {
  let made: readonly Row[] | undefined;
  const rows = (): readonly Row[] => {
    made ??= rowsOf(snapshot);
    return made;
  };
  return [...serviceFamilies(rows), ...quorumFamilies(snapshot), ...serverFamilies(rows, snapshot.at), ...attemptFamilies(rows, snapshot)];
}
