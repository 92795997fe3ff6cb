// The BFD machine: one input, the next state, what is to be done, and when to call again.
import { configure } from './configure.js';
import type { BfdInput, BfdRefusal, BfdStep } from './messages.js';
import { receive } from './receive.js';
import type { BfdMachine, Session } from './state.js';
import { change, closeWork, log, openWork, refuse, sessionAt, type Work } from './step-context.js';
import { detectionUs, silentAtUs } from './timing.js';
import { becomeAdminDown, becomeDown, leaveAdminDown, UNKNOWN_NEIGHBOUR } from './transitions.js';
import { transmit } from './transmit.js';

/**
 * `atUs`: monotonic microseconds, never less than in the step before. Timers act on `wake` alone: packets that wait in a socket are to be
 * given in before.
 */
export function step(state: BfdMachine, input: BfdInput, atUs: number): BfdStep<BfdMachine> {
  const work = openWork(state, atUs);
  take(work, input);
  const closed = closeWork(work);
  return { state: closed, effects: work.effects, wakeAtUs: nextWakeUs(closed) };
}

function take(work: Work, input: BfdInput): void {
  switch (input.kind) {
    case 'configure':
      configure(work, input);
      break;
    case 'packet':
      receive(work, input.packet);
      break;
    case 'socket':
      socket(work, input.name, input.open);
      break;
    case 'filtered':
      for (const [reason, by] of Object.entries(input.counts)) refuse(work, reason as BfdRefusal, by);
      break;
    case 'wake':
      for (const index of work.sessions.keys()) wake(work, index);
      break;
  }
}

function socket(work: Work, name: string, open: boolean): void {
  const index = work.sessions.findIndex(({ config }) => config.name === name);
  if (index < 0) return;
  change(work, index, { open });
  if (!open) becomeAdminDown(work, index);
  else if (sessionAt(work, index).state === 'adminDown') leaveAdminDown(work, index);
  transmit(work, index);
}

/** §6.8.4: silence for the detection time fails a session; one that is down already forgets whom it spoke to (§6.8.1). */
function wake(work: Work, index: number): void {
  const session = sessionAt(work, index);
  const silentAt = silentAtUs(session);
  if (silentAt !== undefined && silentAt <= work.atUs) {
    if (session.state === 'up' || session.state === 'init') expire(work, index, session);
    else change(work, index, UNKNOWN_NEIGHBOUR);
  }
  transmit(work, index);
}

function expire(work: Work, index: number, session: Session): void {
  const silenceUs = work.atUs - (session.heardAtUs ?? work.atUs);
  if (session.state === 'up') {
    const overdueUs = silenceUs - detectionUs(session);
    log(work, index, `Expired after ${Math.floor(silenceUs / 1000)} ms (${overdueUs} usec overdue)`, 'warning');
  }
  becomeDown(work, index, 'Control Detection Time Expired', true);
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
