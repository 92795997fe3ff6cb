// What the table has, once a second. A weight that feedback did not write is a configured one, whoever wrote it: the checker, ipvsadm, a reload.
// Weight 0 is the operator's, and stays.
import { log } from '../machine.js';
import type { RememberedWeight, TableServer } from './messages.js';
import {
  BLACKOUT_PERIODS,
  baseOf,
  changeServer,
  type FeedbackContext,
  type Phase,
  type ServerState,
  SLOW_START_STEPS,
  write,
} from './state.js';

const blackout: Phase = { kind: 'blackout', left: BLACKOUT_PERIODS };
const returned = { kind: 'slow-start', step: 1 } as const;
/** A program that writes configured weights again more often than so many periods means what it writes. */
const RESTORE_PERIODS = 3;

function newServer({ id, name, weight, counters }: TableServer, phase: Phase, configured = weight): ServerState {
  return {
    id,
    name,
    configured,
    effective: weight,
    writing: undefined,
    phase: weight === 0 ? { kind: 'quiesced' } : phase,
    baseline: undefined,
    latest: undefined,
    window: undefined,
    doubted: undefined,
    silent: 0,
    driftLeft: 0,
    percent: undefined,
    admin: { kind: 'ready' },
    adminOverruled: false,
    fault: undefined,
    decision: undefined,
    changes: [],
    restoredAtUs: undefined,
    counters,
    connsBefore: counters.conns,
    share: undefined,
  };
}

/** The part of its weight that a server has in its slow start. */
export const slowStartWeight = (base: number, step: number): number => Math.max(1, Math.floor((base * step) / SLOW_START_STEPS));

/** Writes what a server's phase asks for: a share of the weight in a slow start, the scaled weight in a blackout. */
function writeForPhase(context: FeedbackContext, id: string): void {
  const server = context.servers.get(id);
  if (server === undefined || server.configured === 0) return;
  const base = baseOf(server, context.machine.settings);
  if (server.phase.kind === 'slow-start') {
    const { step } = server.phase;
    write(context, id, slowStartWeight(base, step), `slow start: it came back, step ${step} of ${SLOW_START_STEPS}`);
  } else if (context.machine.settings.scale !== 1 && server.effective === server.configured) {
    write(context, id, base, `weight ${server.configured} in the finer units of feedback`);
  }
}

function remember(server: TableServer, remembered: RememberedWeight | undefined): ServerState {
  const isOurs = remembered !== undefined && (server.weight === remembered.effective || server.weight === remembered.writing);
  const state = newServer(server, blackout, isOurs ? remembered.configured : server.weight);
  // The server itself wanted no connections.
  return isOurs && server.weight === 0 && remembered.configured > 0 ? { ...state, phase: { kind: 'drained' } } : state;
}

function addServer(context: FeedbackContext, server: TableServer, isFirst: boolean): void {
  const { remembered } = context.machine;
  context.servers.set(server.id, isFirst ? remember(server, remembered.get(server.id)) : newServer(server, returned));
  writeForPhase(context, server.id);
}

/** The configured weight came back while the server stayed: a reload. What feedback had found out is still true. */
function isRestored(context: FeedbackContext, before: ServerState, weight: number): boolean {
  const { settings } = context.machine;
  const isRare = before.restoredAtUs === undefined || context.atUs - before.restoredAtUs > RESTORE_PERIODS * settings.periodUs;
  return before.phase.kind === 'measured' && weight === before.configured && isRare;
}

const UNMEASURED = { baseline: undefined, window: undefined, doubted: undefined, silent: 0, driftLeft: 0, decision: undefined } as const;

/** It has the weight already with which it comes back: a slow start begins with its first request. */
function takeDown(context: FeedbackContext, { id, name, phase, configured }: ServerState): void {
  if (phase.kind === 'down' || phase.kind === 'quiesced' || phase.kind === 'drained') return;
  changeServer(context, id, { ...UNMEASURED, phase: { kind: 'down' } });
  log(context, `${name} is down`);
  const weight = slowStartWeight(configured * context.machine.settings.scale, returned.step);
  write(context, id, weight, 'it is down: a fifth of its weight for its return');
}

function takeUp(context: FeedbackContext, { id, name, phase }: ServerState): void {
  if (phase.kind !== 'down') return;
  changeServer(context, id, { ...UNMEASURED, phase: returned });
  log(context, `${name} came back: slow start, step ${returned.step} of ${SLOW_START_STEPS}`);
  writeForPhase(context, id);
}

/** While a drain holds it its load means nothing; its weight stays, and after the drain it is measured again from the beginning. */
function rest(context: FeedbackContext, { id, phase }: ServerState): void {
  const next = phase.kind === 'quiesced' || phase.kind === 'drained' ? phase : blackout;
  changeServer(context, id, { ...UNMEASURED, phase: next });
}

/** Another program wrote this weight. */
function takeForeign(context: FeedbackContext, before: ServerState, { id, name, weight }: TableServer): void {
  const { phase, effective, configured } = before;
  if (weight === 0) {
    changeServer(context, id, { effective: 0, phase: { kind: 'quiesced' }, adminOverruled: true });
    log(context, `${name}: weight 0 was written: it stays 0`);
    return;
  }
  if (isRestored(context, before, weight)) {
    changeServer(context, id, { effective: weight, restoredAtUs: context.atUs });
    write(context, id, effective, `the configured weight ${weight} was written again: back to what feedback had`);
    return;
  }
  // A program that raises a weight step by step does a slow start of its own.
  const next = phase.kind === 'quiesced' ? returned : blackout;
  changeServer(context, id, { ...UNMEASURED, configured: weight, effective: weight, phase: next, adminOverruled: true });
  if (weight !== configured)
    log(context, `${name}: another program wrote weight ${weight}: it is the configured one now, not ${configured}`);
  writeForPhase(context, id);
}

function follow(context: FeedbackContext, known: ServerState, server: TableServer): void {
  // Counters of a record that was made again begin at 0.
  const connsBefore = Math.min(known.connsBefore, server.counters.conns);
  context.servers.set(server.id, { ...known, name: server.name, counters: server.counters, connsBefore });
  if (server.weight !== known.effective) takeForeign(context, known, server);
}

/** Brings the servers up to date with the table. */
export function look(context: FeedbackContext, servers: readonly TableServer[] | undefined): void {
  const isFirst = context.machine.servers === undefined;
  const before = new Map(context.servers);
  // The table may come back with these weights, as where a proxy ended the conversation.
  if (servers === undefined && !isFirst) context.machine = { ...context.machine, remembered: before };
  context.servers.clear();
  for (const server of servers ?? []) {
    const known = before.get(server.id);
    if (known === undefined) addServer(context, server, isFirst);
    else follow(context, known, server);
    const now = context.servers.get(server.id);
    if (now === undefined) continue;
    if (server.down === true) takeDown(context, now);
    else takeUp(context, now);
    if (known !== undefined && server.held === true) rest(context, now);
  }
}
