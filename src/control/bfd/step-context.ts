// One step in progress: the only place where the machine's parts are exchanged. Functions of this folder take a Work, change it
// and leave effects in it; `step` opens and closes it, so that outside of a step everything is a value.
import { spend } from '../log-budget.js';
import { draw } from './chance.js';
import type { BfdEffect, BfdRefusal } from './messages.js';
import type { BfdMachine, Session } from './state.js';

export interface Work {
  readonly atUs: number;
  machine: BfdMachine;
  /** A copy that this step may write to; its elements are shared with the state before. */
  sessions: Session[];
  readonly effects: BfdEffect[];
}

export function openWork(machine: BfdMachine, atUs: number): Work {
  return { atUs, machine, sessions: machine.sessions.slice(), effects: [] };
}

/** The state that this step leaves. */
export function closeWork({ machine, sessions }: Work): BfdMachine {
  return { ...machine, sessions };
}

/** The session of an index that came from the machine itself. @throws Error for any other */
export function sessionAt(work: Work, index: number): Session {
  const session = work.sessions[index];
  if (session === undefined) throw new Error(`no session ${index}`);
  return session;
}

export function change(work: Work, index: number, patch: Partial<Session>): Session {
  const changed = { ...sessionAt(work, index), ...patch };
  work.sessions[index] = changed;
  return changed;
}

/** 32 bits of chance. */
export function chance(work: Work): number {
  const { word, next } = draw(work.machine.chance);
  work.machine = { ...work.machine, chance: next };
  return word;
}

type Level = Extract<BfdEffect, { kind: 'log' }>['level'];

export function log(work: Work, index: number, text: string, level: Level = 'info'): void {
  work.effects.push({ kind: 'log', level, text: `(${sessionAt(work, index).config.name}) ${text}` });
}

/** Said only with -D. */
export function detail(work: Work, text: string): void {
  work.effects.push({ kind: 'log', level: 'info', text, detail: true });
}

/** Lines that others can bring about: ten of a kind at once, one more each ten seconds. */
export function bounded(work: Work, kind: string, lines: readonly string[], isDetail = true): void {
  const { budgets } = work.machine;
  const spent = spend(budgets.get(kind), work.atUs);
  work.machine = { ...work.machine, budgets: new Map(budgets).set(kind, spent.budget) };
  if (!spent.say) return;
  const missed = spent.missed === 0 ? '' : ` (${spent.missed} more like this were not logged)`;
  for (const text of lines) work.effects.push({ kind: 'log', level: 'info', text: `${text}${missed}`, detail: isDetail });
}

export function refuse(work: Work, reason: BfdRefusal, by = 1): void {
  const { refused } = work.machine;
  work.machine = { ...work.machine, refused: { ...refused, [reason]: (refused[reason] ?? 0) + by } };
}
