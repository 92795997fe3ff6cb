// The end of a period: which windows count, which servers take part, and what their weights become.
import { log, logDetail } from '../machine.js';
import { cubeRootWeight } from './cube-root.js';
import { boundsOf, type Decision, decide, type Member, type PoolNote } from './law.js';
import { slowStartWeight } from './look.js';
import { reasonOf } from './reasons.js';
import { blame } from './report.js';
import { baseOf, changeServer, type FeedbackContext, type ServerState, SLOW_START_STEPS, write } from './state.js';
import { compare, isJump, type Window } from './window.js';

const SILENT_MAX = 3;
const DRIFT_STEPS = 5;
/** A window shorter than this part of a period is too short. */
const WINDOW_MIN = 0.5;

const NOTES: Readonly<Record<PoolNote, string>> = {
  balancing: 'weights follow the load',
  overloaded: 'pool overloaded: all servers are busy, so the weights stay',
  idle: 'all servers are idle: the weights stay',
  alone: 'fewer than two servers report: the weights stay',
};

/** The window since the last one that counted; undefined: there is none to believe. */
function windowOf(context: FeedbackContext, { id, baseline, latest, window, doubted }: ServerState): Window | undefined {
  const least = context.machine.settings.periodUs * WINDOW_MIN;
  if (baseline === undefined || latest === undefined || latest.atUs - baseline.atUs < least) return undefined;
  const comparison = compare(baseline, latest);
  changeServer(context, id, { baseline: latest });
  if (comparison.kind === 'fault') blame(context, id, comparison.text);
  if (comparison.kind !== 'window') return undefined;
  const found = comparison.window;
  // What two windows in a row show is true.
  if (window === undefined || !isJump(window, found) || (doubted !== undefined && !isJump(doubted, found))) return found;
  changeServer(context, id, { doubted: found });
  blame(context, id, 'what it can do jumped to more than 4 times, or to less than a quarter, of what it was');
  return undefined;
}

function takeWindow(context: FeedbackContext, server: ServerState): void {
  const { id, name, percent, silent } = server;
  const window = windowOf(context, server);
  const isFresh = percent !== undefined && percent.atUs > context.machine.tickedAtUs;
  if (window === undefined && !isFresh) {
    if (silent === SILENT_MAX)
      log(
        context,
        `${name}: no report to go by for ${SILENT_MAX + 1} periods: back to weight ${baseOf(server, context.machine.settings)}`,
        'warning',
      );
    changeServer(context, id, { silent: silent + 1, driftLeft: silent <= SILENT_MAX ? DRIFT_STEPS : Math.max(1, server.driftLeft - 1) });
    return;
  }
  if (silent > SILENT_MAX) log(context, `${name} reports again`);
  changeServer(context, id, { silent: 0, driftLeft: 0, fault: undefined, ...(window === undefined ? {} : { window, doubted: undefined }) });
}

function advancePhase(context: FeedbackContext, server: ServerState): void {
  const { id, phase } = server;
  if (phase.kind === 'blackout')
    changeServer(context, id, { phase: phase.left > 1 ? { kind: 'blackout', left: phase.left - 1 } : { kind: 'measured' } });
  if (phase.kind !== 'slow-start' || context.machine.frozen) return;
  const step = phase.step + 1;
  changeServer(context, id, { phase: step < SLOW_START_STEPS ? { kind: 'slow-start', step } : { kind: 'measured' } });
  const weight = slowStartWeight(baseOf(server, context.machine.settings), step);
  write(context, id, weight, `slow start: it came back, step ${step} of ${SLOW_START_STEPS}`);
}

/** The server's own wish, unless it is the last one: with no server left every client would be refused. */
function followAdmin(context: FeedbackContext, { id, name, phase, admin, adminOverruled }: ServerState): void {
  if (adminOverruled) return;
  if (admin.kind === 'drain' && phase.kind !== 'drained' && phase.kind !== 'quiesced') {
    const others = [...context.servers.values()].filter(
      (one) => one.id !== id && one.effective > 0 && one.phase.kind !== 'drained' && one.phase.kind !== 'down',
    );
    if (others.length === 0) {
      blame(context, id, `it wants no connections (${admin.why}), but is the last server`);
      return;
    }
    changeServer(context, id, { phase: { kind: 'drained' } });
    write(context, id, 0, `the server wants no connections: ${admin.why}`);
  }
  if (admin.kind === 'ready' && phase.kind === 'drained') {
    changeServer(context, id, { phase: { kind: 'slow-start', step: 0 } });
    log(context, `${name} comes back`);
  }
}

function memberOf(server: ServerState, context: FeedbackContext): Member {
  const { settings, tickedAtUs } = context.machine;
  const { effective: weight, percent, silent, window, driftLeft } = server;
  const configured = baseOf(server, settings);
  const { lowest, highest } = boundsOf(configured, settings);
  if (percent !== undefined && percent.atUs > tickedAtUs) {
    const wanted = Math.min(highest, Math.max(lowest, (configured * percent.value) / 100));
    return { weight, configured, follows: { kind: 'asks', weight: wanted } };
  }
  if (silent === 0 && window !== undefined) return { weight, configured, follows: { kind: 'measured', window } };
  if (silent <= SILENT_MAX) return { weight, configured, follows: { kind: 'held' } };
  return { weight, configured, follows: { kind: 'towards', weight: weight + (configured - weight) / Math.max(1, driftLeft) } };
}

/** What a member follows that is not measured. */
const whyOf = ({ silent, percent }: ServerState): string =>
  silent > SILENT_MAX ? `no report to go by for ${silent} periods` : `the server asks for ${percent?.value ?? 100} % of its weight`;

function decideAll(
  context: FeedbackContext,
  members: readonly Member[],
): { readonly note: PoolNote; readonly decisions: readonly Decision[] } {
  const { settings } = context.machine;
  const { law } = settings;
  if (law.kind === 'served-per-busy') return decide(members, settings);
  const decisions = members.map((member): Decision => ({ weight: cubeRootWeight(member, law.gain, law.ceiling), limit: 'none' }));
  return { note: 'balancing', decisions };
}

function noteDown(context: FeedbackContext, note: PoolNote): void {
  const { note: before } = context.machine;
  if (note === before) return;
  if (note === 'overloaded') log(context, NOTES[note], 'warning');
  else if (before === 'overloaded') log(context, `the pool is no longer overloaded: ${NOTES[note]}`);
  else logDetail(context, NOTES[note]);
  context.machine = { ...context.machine, note };
}

function balance(context: FeedbackContext): void {
  const taking = [...context.servers.values()].filter(({ phase }) => phase.kind === 'measured');
  const members = taking.map((server) => memberOf(server, context));
  const windows = members.flatMap(({ follows }) => (follows.kind === 'measured' ? [follows.window.busy] : []));
  const mean = windows.reduce((sum, busy) => sum + busy, 0) / Math.max(1, windows.length);
  if (taking.length === 0) return;
  const { note, decisions } = decideAll(context, members);
  noteDown(context, note);
  for (const [index, server] of taking.entries()) {
    const [member, decision] = [members[index], decisions[index]];
    if (member === undefined || decision === undefined) continue;
    changeServer(context, server.id, { decision });
    write(context, server.id, decision.weight, reasonOf(member, decision, mean, whyOf(server)));
  }
}

function countShares(context: FeedbackContext): void {
  const all = [...context.servers.values()];
  const came = all.map(({ counters, connsBefore }) => Math.max(0, counters.conns - connsBefore));
  const sum = came.reduce((total, one) => total + one, 0);
  for (const [index, { id, counters }] of all.entries())
    changeServer(context, id, { connsBefore: counters.conns, share: sum === 0 ? undefined : (came[index] ?? 0) / sum });
}

/** Ends a period. */
export function tick(context: FeedbackContext): void {
  countShares(context);
  for (const server of [...context.servers.values()]) {
    if (server.phase.kind === 'quiesced' || server.phase.kind === 'down') continue;
    followAdmin(context, server);
    const present = context.servers.get(server.id);
    if (present === undefined || present.phase.kind === 'drained') continue;
    takeWindow(context, present);
  }
  balance(context);
  for (const server of [...context.servers.values()]) advancePhase(context, server);
  context.machine = { ...context.machine, tickedAtUs: context.atUs };
}
