// The machine of one service's weights. A period ends at fixed times; reports come whenever they come.
import { log, type Step } from '../machine.js';
import { look } from './look.js';
import type { FeedbackEffect, FeedbackInput } from './messages.js';
import { takeReport } from './report.js';
import { baseOf, changeServer, type FeedbackContext, type FeedbackMachine, recordReasons, takeWritten, write } from './state.js';
import { tick } from './tick.js';

function takeFreeze(context: FeedbackContext, frozen: boolean): void {
  if (frozen === context.machine.frozen) return;
  context.machine = { ...context.machine, frozen };
  log(context, frozen ? 'weights are frozen' : 'weights are no longer frozen');
}

/** The last thing that is written: what others wrote before. Frozen weights stay, and a server that wants no connections gets none. */
function stop(context: FeedbackContext): void {
  for (const { id, configured, phase } of [...context.servers.values()])
    if (phase.kind !== 'quiesced' && phase.kind !== 'drained')
      write(context, id, configured, 'feedback ends: back to the configured weight');
  context.machine = { ...context.machine, stopped: true, tickAtUs: undefined };
}

/** Periods that passed while the process stood still are one. */
function tickIfDue(context: FeedbackContext): void {
  const { tickAtUs, settings } = context.machine;
  if (tickAtUs === undefined || context.atUs < tickAtUs) return;
  tick(context);
  const missed = Math.floor((context.atUs - tickAtUs) / settings.periodUs);
  context.machine = { ...context.machine, tickAtUs: tickAtUs + (missed + 1) * settings.periodUs };
}

function takeConfigure(context: FeedbackContext, { settings, remembered }: Extract<FeedbackInput, { kind: 'configure' }>): void {
  const { tickAtUs, settings: before } = context.machine;
  const isSame = tickAtUs !== undefined && before.periodUs === settings.periodUs;
  context.machine = {
    ...context.machine,
    settings,
    ...(remembered === undefined ? {} : { remembered }),
    tickAtUs: isSame ? tickAtUs : context.atUs + settings.periodUs,
  };
  for (const server of [...context.servers.values()]) {
    if (before.scale !== settings.scale && server.phase.kind === 'measured')
      write(context, server.id, baseOf(server, settings), 'another scale is configured');
  }
}

function take(context: FeedbackContext, input: FeedbackInput): void {
  switch (input.kind) {
    case 'configure':
      takeConfigure(context, input);
      break;
    case 'look':
      look(context, input.servers);
      break;
    case 'report':
      takeReport(context, input.server, input.report, input.director);
      break;
    case 'unanswered':
      changeServer(context, input.server, { fault: input.why });
      break;
    case 'written':
      takeWritten(context, input.servers);
      break;
    case 'freeze':
      takeFreeze(context, input.frozen);
      break;
    case 'stop':
      stop(context);
      break;
    case 'wake':
      tickIfDue(context);
  }
}

/** One input at a time; a period ends with `wake`. */
export function step(machine: FeedbackMachine, input: FeedbackInput, atUs: number): Step<FeedbackMachine, FeedbackEffect> {
  if (machine.stopped && input.kind !== 'written' && input.kind !== 'stop') return { state: machine, effects: [], wakeAtUs: undefined };
  const context: FeedbackContext = { atUs, machine, effects: [], servers: new Map(machine.servers ?? []), writes: [] };
  take(context, input);
  recordReasons(context);
  if (context.writes.length > 0) context.effects.push({ kind: 'write', writes: context.writes });
  const isThere = input.kind === 'look' ? input.servers !== undefined : machine.servers !== undefined;
  const state: FeedbackMachine = { ...context.machine, servers: isThere ? context.servers : undefined };
  return { state, effects: context.effects, wakeAtUs: state.tickAtUs };
}
