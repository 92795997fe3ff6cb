// Helpers that make the steps that most labs have. They return plain data.
import type { Expectation, RunStep, Step, WaitStep } from '../definition/lab.js';

/** A command on a host; without an expectation it must succeed. */
export const run = (on: string, command: string, expect?: Expectation): RunStep =>
  expect === undefined ? { kind: 'run', on, command } : { kind: 'run', on, command, expect };

/** An address as URLs and ipvsadm take it before a port. Without a port ipvsadm takes IPv6 addresses as they are. */
export const inUrl = (address: string): string => (address.includes(':') ? `[${address}]` : address);

/** One curl for each host that is expected to answer, in order. */
export const curls = (on: string, url: string, ...hosts: readonly string[]): RunStep => ({
  kind: 'run',
  on,
  command: `curl ${url}`,
  times: hosts.length,
  expect: { answers: hosts.map((host) => `Welcome from ${host}`) },
});

/** A curl whose connection is refused. */
export const refused = (on: string, url: string): RunStep => run(on, `curl ${url}`, { exit: 7 });

/** The director's table as ipvsadm prints it, and lines that must be in it. */
export const table = (on: string, ...contains: readonly string[]): RunStep => run(on, 'ipvsadm -Ln', { contains });

/** Why a packet of a client that has no connection yet would go where it goes: lines that must be in the answer. `to`: with the port. */
export const explained = (on: string, from: string, to: string, ...contains: readonly string[]): RunStep =>
  run(on, `weir explain --from ${inUrl(from)}:5000 --to ${to}`, { contains });

/** As explained(), of a director that has just taken over: until its grace period is over, packets without a connection are dropped. */
export const explainedAfterGrace = (on: string, from: string, to: string, ...contains: readonly string[]): WaitStep => ({
  ...explained(on, from, to, ...contains),
  kind: 'wait',
  seconds: 30,
  expect: { contains },
});

/** Waits until the director's table contains these lines. */
export const tableBecomes = (on: string, seconds: number, ...matches: readonly string[]): WaitStep => ({
  kind: 'wait',
  on,
  command: 'ipvsadm -Ln',
  seconds,
  expect: { matches },
});

/** Waits until keepalived's log has these lines, and prints them alone. */
export const logLines = (on: string, ...lines: readonly string[]): WaitStep => ({
  kind: 'wait',
  on,
  command: `grep -F ${lines.map((line) => `-e '${line}'`).join(' ')} keepalived.log`,
  seconds: 60,
  expect: { contains: lines },
});

/** A step with a sentence that is printed before it. */
export const described = <S extends Step>(say: string, step: S): S => ({ ...step, say });

export const mark: Step = { kind: 'mark' };
