// The BFD machine: takes one input and answers with the next state, the effects, and when to call again.

import type { Step } from '../machine.js';
import { configure } from './configure.js';
import { type BfdContext, change, closeContext, logSession, openContext, refuse, sessionAt } from './context.js';
import type { BfdEffect, BfdInput, BfdRefusal } from './messages.js';
import { receive } from './receive.js';
import type { BfdMachine, Session } from './state.js';
import { detectionUs, silentAtUs } from './timing.js';
import { becomeAdminDown, becomeDown, leaveAdminDown, UNKNOWN_NEIGHBOUR } from './transitions.js';
import { signOff, transmit } from './transmit.js';

/**
 * `atUs`: monotonic microseconds, never less than in the step before. Only `wake` runs timers: packets that wait in a socket must be
 * given to the machine first.
 */
export function step(state: BfdMachine, input: BfdInput, atUs: number): Step<BfdMachine, BfdEffect> {
  const context = openContext(state, atUs);
  take(context, input);
  const closed = closeContext(context);
  return { state: closed, effects: context.effects, wakeAtUs: nextWakeUs(closed) };
}

function take(context: BfdContext, input: BfdInput): void {
  switch (input.kind) {
    case 'configure':
      configure(context, input);
      break;
    case 'packet':
      receive(context, input.packet);
      break;
    case 'socket':
      socket(context, input.name, input.open);
      break;
    case 'filtered':
      for (const [reason, by] of Object.entries(input.counts)) refuse(context, reason as BfdRefusal, by);
      break;
    case 'wake':
      for (const index of context.sessions.keys()) wake(context, index);
      break;
    case 'stop':
      for (const index of context.sessions.keys()) signOff(context, index);
  }
}

function socket(context: BfdContext, name: string, open: boolean): void {
  const index = context.sessions.findIndex(({ config }) => config.name === name);
  if (index < 0) return;
  change(context, index, { open });
  if (!open) becomeAdminDown(context, index);
  else if (sessionAt(context, index).state === 'adminDown') leaveAdminDown(context, index);
  transmit(context, index);
}

/** §6.8.4: a session fails after the detection time without packets; one in Down forgets the neighbour's discriminator (§6.8.1). */
function wake(context: BfdContext, index: number): void {
  const session = sessionAt(context, index);
  const silentAt = silentAtUs(session);
  if (silentAt !== undefined && silentAt <= context.atUs) {
    if (session.state === 'up' || session.state === 'init') expire(context, index, session);
    else change(context, index, UNKNOWN_NEIGHBOUR);
  }
  transmit(context, index);
}

function expire(context: BfdContext, index: number, session: Session): void {
  const silenceUs = context.atUs - (session.receivedAtUs ?? context.atUs);
  if (session.state === 'up') {
    const overdueUs = silenceUs - detectionUs(session);
    logSession(context, index, `Expired after ${Math.floor(silenceUs / 1000)} ms (${overdueUs} usec overdue)`, 'warning');
  }
  becomeDown(context, index, 'Control Detection Time Expired', true);
}

function nextWakeUs({ sessions }: BfdMachine): number | undefined {
  let next: number | undefined;
  const sooner = (atUs: number | undefined): void => {
    if (atUs !== undefined && (next === undefined || atUs < next)) next = atUs;
  };
  for (const session of sessions) {
    sooner(session.sendAtUs);
    sooner(silentAtUs(session));
  }
  return next;
}
