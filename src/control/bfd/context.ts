// A step of the BFD machine in progress. Functions of this folder take the context, change it and leave effects in it; `step` opens
// and closes it.
import type { LogLevel } from '../../model/log-level.js';
import { draw } from '../chance.js';
import { itemAt, log, type StepContext } from '../machine.js';
import type { BfdEffect, BfdRefusal } from './messages.js';
import type { BfdMachine, Session } from './state.js';

export interface BfdContext extends StepContext<BfdMachine, BfdEffect> {
  /** A copy that this step may write to; the sessions in it are shared with the state before. */
  sessions: Session[];
}

export function openContext(machine: BfdMachine, atUs: number): BfdContext {
  return { atUs, machine, sessions: machine.sessions.slice(), effects: [] };
}

/** The state after this step. */
export function closeContext({ machine, sessions }: BfdContext): BfdMachine {
  return { ...machine, sessions };
}

export function sessionAt(context: BfdContext, index: number): Session {
  return itemAt(context.sessions, index, 'session');
}

export function change(context: BfdContext, index: number, patch: Partial<Session>): Session {
  const changed = { ...sessionAt(context, index), ...patch };
  context.sessions[index] = changed;
  return changed;
}

/** 32 random bits. */
export function chance(context: BfdContext): number {
  const { word, next } = draw(context.machine.chance);
  context.machine = { ...context.machine, chance: next };
  return word;
}

/** A line about a session: `(NAME) text`. */
export function logSession(context: BfdContext, index: number, text: string, level: LogLevel = 'info'): void {
  log(context, `(${sessionAt(context, index).config.name}) ${text}`, level);
}

export function refuse(context: BfdContext, reason: BfdRefusal, by = 1): void {
  const { refused } = context.machine;
  context.machine = { ...context.machine, refused: { ...refused, [reason]: (refused[reason] ?? 0) + by } };
}
