// What the machine knows, for people: each server's weights, what was measured, and why the weight is what it is.
import type { LimitKind, PoolNote } from './law.js';
import { baseOf, type FeedbackMachine, type Phase, type ServerState } from './state.js';

export interface ServerStatus {
  readonly server: string;
  readonly configured: number;
  readonly weight: number;
  /** Of the service's new connections in the last period; null: there were none. */
  readonly share: number | null;
  /** Its part of all weights. */
  readonly weightShare: number | null;
  readonly phase: Phase['kind'];
  /** Of the last window that counted; null: none. */
  readonly busy: number | null;
  readonly completedPerS: number | null;
  readonly target: number | null;
  readonly limit: LimitKind | null;
  /** Why it wants no connections; null: it wants them. */
  readonly why: string | null;
  /** Periods without a report that counted. */
  readonly silent: number;
  /** Why the last report does not count. */
  readonly fault: string | null;
  readonly changes: readonly { readonly at: number; readonly from: number; readonly to: number; readonly reason: string }[];
}

export interface FeedbackStatus {
  /** null: the service is not in the table. */
  readonly note: PoolNote | null;
  readonly frozen: boolean;
  readonly law: string;
  readonly periodS: number;
  readonly scale: number;
  readonly servers: readonly ServerStatus[];
}

const US = 1_000_000;

const weightInUse = ({ phase, effective }: ServerState): number => (phase.kind === 'down' ? 0 : effective);

function serverStatus(server: ServerState, { settings }: FeedbackMachine, weights: number, offsetMs: number): ServerStatus {
  const { window, decision, share, fault, effective } = server;
  return {
    server: server.name,
    configured: baseOf(server, settings),
    weight: effective,
    share: share ?? null,
    weightShare: weights > 0 ? weightInUse(server) / weights : null,
    phase: server.phase.kind,
    busy: window?.busy ?? null,
    completedPerS: window === undefined ? null : window.completed / window.seconds,
    target: decision?.target ?? null,
    limit: decision?.limit ?? null,
    why: server.admin.kind === 'drain' ? server.admin.why : null,
    silent: server.silent,
    fault: fault ?? null,
    changes: server.changes.map(({ atUs, from, to, reason }) => ({ at: Math.round(atUs / 1000 + offsetMs), from, to, reason })),
  };
}

/** `offsetMs`: from the monotonic clock to the wall clock. */
export function feedbackStatus(machine: FeedbackMachine, offsetMs: number): FeedbackStatus {
  const { settings, servers, note, frozen } = machine;
  const all = [...(servers?.values() ?? [])];
  const weights = all.reduce((sum, server) => sum + weightInUse(server), 0);
  return {
    note: servers === undefined ? null : note,
    frozen,
    law: settings.law.kind,
    periodS: settings.periodUs / US,
    scale: settings.scale,
    servers: all.map((server) => serverStatus(server, machine, weights, offsetMs)),
  };
}
