// Tests that were made and never ended, files without tests, and files whose process was ended. Node's runner counts only what a file
// reports: one that calls process.exit(0) half way would pass, and so would one that has no test at all. Of a process that a signal ended
// it prints nothing but `test failed`.

import { readFileSync } from 'node:fs';
import { constants } from 'node:os';

const failed = (file, why, durationMs = 0) => ({
  type: 'test:fail',
  data: {
    name: file,
    file,
    line: 1,
    column: 1,
    nesting: 0,
    testNumber: 0,
    details: { duration_ms: durationMs, error: { code: 'ERR_TEST_FAILURE', failureType: 'testCodeFailure', cause: why } },
  },
});

/** What node leaves with when a test failed, or an error was not caught: both are printed. */
const FAILED = 1;

/** Exit statuses of node that have a meaning of their own (its documentation: process, exit codes). */
const NODE_STATUSES = new Map([
  [5, 'a fatal error in V8'],
  [7, 'an error in a listener for errors'],
  [13, 'an await at the top that never ended'],
]);

/** How a file's process ended, or undefined: its tests have all that there is to know. */
function endOf({ exitCode = null, signal = null }) {
  if (signal !== null) return `its process was ended by ${signal}`;
  if (exitCode === null || exitCode === FAILED) return undefined;
  const [name] = Object.entries(constants.signals).find(([, number]) => exitCode === 128 + number) ?? [];
  const meaning = name === undefined ? NODE_STATUSES.get(exitCode) : `as one that got ${name}`;
  return `its process ended with status ${exitCode}${meaning === undefined ? '' : `, ${meaning}`}`;
}

/** Processes that the kernel has killed for want of memory since it started. */
function killedForMemory() {
  return Number(/^oom_kill (\d+)$/m.exec(readFileSync('/proc/vmstat', 'utf8'))?.[1] ?? 0);
}

/** What an event of an outermost test changes in the number of those that have begun and not ended. */
export const OPEN_CHANGES = { 'test:enqueue': 1, 'test:pass': -1, 'test:fail': -1 };

const counted = (count, one, more) => `${count} ${count === 1 ? one : more}`;

export class TestEnds {
  /** By the file where they are written: how many outermost tests were made and did not end yet. */
  #open = new Map();
  /** By file: the names of tests that began and did not end yet, the outermost first. */
  #running = new Map();
  /** By file: how its process was ended, and after how many ms; until that is reported. */
  #ended = new Map();
  #killedBefore = killedForMemory();

  /** `membersOf`: the test files of a process, by the file that it was started with. */
  constructor(membersOf) {
    this.membersOf = membersOf;
  }

  /** The event, or the failure of a file: it passes because nothing in it could fail, or it was ended. */
  note(event) {
    const { type, data } = event;
    const { file, name, nesting } = data;
    if (file === undefined) return event;
    if (name === file && nesting === 0) return this.#noteFile(event);
    const running = this.#running.get(file) ?? [];
    if (type === 'test:dequeue') this.#running.set(file, [...running, name]);
    if (type === 'test:complete')
      this.#running.set(
        file,
        running.filter((_, at) => at !== running.lastIndexOf(name)),
      );
    const change = nesting === 0 ? (OPEN_CHANGES[type] ?? 0) : 0;
    this.#open.set(file, (this.#open.get(file) ?? 0) + change);
    return event;
  }

  #noteFile(event) {
    const { type, data } = event;
    const { file, details } = data;
    if (type === 'test:pass') return failed(file, 'it ended without a test');
    const end = type === 'test:complete' && details.error !== undefined ? endOf(details.error) : undefined;
    if (end !== undefined) this.#ended.set(file, { end, durationMs: details.duration_ms });
    if (type !== 'test:fail') return event;
    const failure = this.#failureOf(file);
    for (const member of this.membersOf(file)) this.#open.delete(member); // it crashed, which is its failure
    this.#ended.delete(file);
    return failure ?? event;
  }

  /** Of one whose process was ended. */
  #failureOf(file) {
    const ended = this.#ended.get(file);
    if (ended === undefined) return undefined;
    const members = this.membersOf(file);
    const open = members.reduce((sum, member) => sum + (this.#open.get(member) ?? 0), 0);
    const running = members.flatMap((member) => this.#running.get(member) ?? []);
    const killed = killedForMemory() - this.#killedBefore;
    const parts = [
      ended.end,
      ...(running.length === 0 ? [] : [`while “${running.join('” › “')}” ran`]),
      ...(open === 0 ? [] : [`before ${open} of its tests ended`]),
      ...(killed === 0 ? [] : [`since the run began the kernel has killed ${counted(killed, 'process', 'processes')} for want of memory`]),
    ];
    return failed(file, parts.join(', '), ended.durationMs);
  }

  /** To be asked when all files have ended. */
  *failures() {
    for (const file of this.#ended.keys()) {
      yield this.#failureOf(file);
      for (const member of this.membersOf(file)) this.#open.delete(member);
    }
    for (const [file, open] of this.#open) {
      if (open > 0) yield failed(file, `it ended before ${open} of its tests did`);
    }
  }
}
