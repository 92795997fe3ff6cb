// The rows of services and servers: what is in the table, and the servers that health checks took out of it.

import { milliseconds } from '../parts/texts.js';
import type { Attempts, Checks, FailedCheck, RealHealth, Server, Service, Table } from './api-values.js';
import { type Hold, type HoldOf, heldSince, holdText, NOT_HELD } from './holds.js';

export type State = 'up' | 'down' | 'draining' | 'maintenance' | 'unchecked' | 'starting' | 'sorry';

const TROUBLED: ReadonlySet<State> = new Set(['down', 'draining', 'maintenance', 'sorry']);
/** What an incident is about first. */
export const isTroubled = ({ state }: { readonly state: State }): boolean => TROUBLED.has(state);

export interface ServerRow {
  readonly service: Service;
  readonly id: string;
  readonly state: State;
  /** Since when it has this state; null: not known, or from the start. */
  readonly since: string | null;
  readonly hold: Hold;
  /** The last attempt of its checks: `TCP_CHECK 3 ms`, and why it failed. */
  readonly lastCheck: string;
  /** Attempts that failed. */
  readonly failures: number | null;
  readonly timesDown: number | null;
  /** How long it was down, s, with the time that is not over. */
  readonly downSeconds: number | null;
  /** undefined: it is not in the table. */
  readonly server: Server | undefined;
}

export interface ServiceRows {
  readonly service: Service;
  readonly state: State;
  readonly servers: readonly ServerRow[];
}

/** Of a server in a service, for keys of rows. */
export const serverRowId = (service: Pick<Service, 'id'>, { id }: { readonly id: string }): string => `${service.id} ${id}`;

const keepalivedName = ({ protocol, address, port, mark }: Service): string =>
  mark === undefined ? `[${address}]:${protocol}:${port}` : `FWM ${mark}`;

/** The id of a service by keepalived's name of it. */
export function serviceIdOf(name: string): string {
  const [, address = '', protocol, port] = /^\[(.*)\]:(\w+):(\d+)$/.exec(name) ?? [];
  if (protocol === undefined) return name.replace(/^FWM /, 'mark:');
  return `${protocol}:${address.includes(':') ? `[${address}]` : address}:${port}`;
}

type Failed = readonly Pick<FailedCheck, 'check' | 'reason'>[];

/** `shown`: a check whose name stands in front already. */
const failedText = (failed: Failed, shown = ''): string =>
  failed.map(({ check, reason }) => (check === shown && reason !== '' ? reason : `${check} ${reason}`.trim())).join('; ');

function stateOf({ effective_weight: weight, health }: Server, { override }: Hold): State {
  if (health?.maintenance === true || override?.state === 'maintenance') return 'maintenance';
  if (health?.up === false) return 'down';
  if (weight === 0) return 'draining';
  if (health === null || health.checks === 0) return 'unchecked';
  return health.unchecked > 0 ? 'starting' : 'up';
}

const [US_PER_S, MS_PER_S] = [1_000_000, 1000] as const;

/** How long it was down, s. `before`: until its state began. */
const downSeconds = (up: boolean, since: string | null, { before, now }: { readonly before: number; readonly now: number }): number =>
  before + (up || since === null ? 0 : Math.max(0, (now - Date.parse(since)) / MS_PER_S));

/**
 * The last attempt with its time, and why the server is down, which another check of it may have found. `idle`: where no attempt is known and nothing
 * failed.
 */
function lastText(attempts: Attempts | null | undefined, failed: Failed, idle: string): string {
  if (attempts === null || attempts === undefined) return failedText(failed) || idle;
  const { check, result, text, seconds } = attempts.last;
  const what = failedText(failed, check) || text || (result === 'success' ? '' : result);
  return `${check} ${milliseconds(seconds)}${what === '' ? '' : `: ${what}`}`;
}

/** `now`: ms since 1970. */
interface Seen {
  readonly now: number;
  readonly hold: Hold;
}

/** What holds it has its own time. Since when a weight of 0 is configured is not known. */
function sinceOf(state: State, byHealth: string | null, hold: Hold): string | null {
  if (state === 'maintenance') return hold.override?.since ?? null;
  return state === 'draining' ? heldSince(hold) : byHealth;
}

const inTable = (service: Service, server: Server, real: RealHealth | undefined, { now, hold }: Seen): ServerRow => ({
  service,
  id: server.id,
  state: stateOf(server, hold),
  since: sinceOf(stateOf(server, hold), server.health?.since ?? null, hold),
  hold,
  lastCheck: server.health === null ? '' : lastText(real?.attempts, server.health.failed, 'passed'),
  failures: real?.attempts?.failure ?? null,
  timesDown: server.health?.times_down ?? null,
  downSeconds:
    server.health === null ? null : downSeconds(server.health.up, server.health.since, { before: server.health.down_seconds, now }),
  server,
});

function takenOut(service: Service, real: RealHealth, { now, hold }: Seen): ServerRow {
  const { server, since, failed, timesDown, maintained, attempts, downUs = 0 } = real;
  const state = maintained === true || hold.override?.state === 'maintenance' ? 'maintenance' : 'down';
  return {
    service,
    id: server,
    state,
    since: sinceOf(state, since, hold),
    hold,
    lastCheck: lastText(attempts, failed, ''),
    failures: attempts?.failure ?? null,
    timesDown,
    downSeconds: downSeconds(false, since, { before: downUs / US_PER_S, now }),
    server: undefined,
  };
}

const UNSERVING: ReadonlySet<State> = new Set(['down', 'draining', 'maintenance']);

function serviceState({ health }: Service, servers: readonly ServerRow[]): State {
  if (health?.sorry === true) return 'sorry';
  if (health?.quorum_up === false) return 'down';
  if (servers.length > 0 && servers.every(({ state }) => state === 'down')) return 'down';
  if (servers.length > 0 && servers.every(({ state }) => UNSERVING.has(state))) return 'draining';
  return health === null ? 'unchecked' : 'up';
}

/** `now`: ms since 1970. */
export function serviceRows(
  table: Pick<Table, 'services'>,
  checks: Checks | undefined,
  now: number,
  holdOf: HoldOf = () => NOT_HELD,
): readonly ServiceRows[] {
  const byName = new Map(checks?.virtual_servers.map((one) => [one.name, one]));
  return table.services.map((service) => {
    const present = new Set(service.servers.map(({ id }) => id));
    const checked = byName.get(keepalivedName(service))?.servers ?? [];
    const reals = new Map(checked.map((real) => [real.server, real]));
    const others = checked.filter(({ server, up }) => !up && !present.has(server));
    const servers = [
      ...service.servers.map((one) => inTable(service, one, reals.get(one.id), { now, hold: holdOf({ service, id: one.id }) })),
      ...others.map((one) => takenOut(service, one, { now, hold: holdOf({ service, id: one.server }) })),
    ];
    return { service, state: serviceState(service, servers), servers };
  });
}

/** `3`, or `0 / 3` where packets find another weight than is configured. */
export function weightText({ server }: ServerRow): string {
  if (server === undefined) return '';
  const { weight, effective_weight: now } = server;
  return now === weight ? String(weight) : `${now} / ${weight}`;
}

/** Why no new connection reaches it. What holds it may not have been read yet. `now`: ms since 1970. */
export function whyTroubled({ state, server, hold, lastCheck }: ServerRow, now: number): string {
  if (state !== 'draining' && state !== 'maintenance') return lastCheck;
  const held = holdText(hold, now);
  if (held !== '') return held;
  if (state === 'maintenance') return 'an override has it in maintenance';
  return server?.draining === true ? 'a drain or an override holds it' : 'its weight is 0';
}

/** How far a server is from what the weight that packets find lets expect of the service's new connections, as a part of that; 0: as expected. */
export function deviation({ service, server }: ServerRow): number {
  if (server === undefined) return 1;
  const weights = service.servers.reduce((sum, { effective_weight: weight }) => sum + weight, 0);
  const all = service.servers.reduce((sum, { rates }) => sum + rates.connections, 0);
  const expected = weights === 0 ? 0 : (all * server.effective_weight) / weights;
  return expected === 0 ? 0 : Math.abs(server.rates.connections - expected) / expected;
}
