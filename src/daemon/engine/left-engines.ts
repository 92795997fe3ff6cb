// Engines that a weir left which was killed: the signal at its end (prctl PR_SET_PDEATHSIG) reaches none that has not asked for it yet, nor one that is
// starting. What runs by our file and has no weir above it is ended before another one is started, so that no moment is without a guard.
import { readFileSync } from 'node:fs';
import { unlessCode } from '../../sys/errno.js';
import { signalProcess } from '../../sys/processes/child.js';
import { processIds, processStat } from '../../sys/processes/process-tree.js';
import type { EngineProgram } from './engine-program.js';

const GONE = ['ENOENT', 'ESRCH', 'EACCES', 'EPERM'] as const;

/** Words are separated by zeros, or by spaces where a process wrote its own line. */
const wordsOf = (pid: number): readonly string[] =>
  unlessCode(() => readFileSync(`/proc/${pid}/cmdline`, 'latin1'), GONE, '')
    .split(/[\0 ]/)
    .filter(Boolean);

const isWeir = (pid: number): boolean => pid > 1 && wordsOf(pid).some((word) => /(^|\/)weir[^/]*$/.test(word));

/** Processes of the program with this file as an argument, of which no ancestor is a weir. */
function leftEngines({ name }: EngineProgram, path: string): readonly number[] {
  const own = new Set(
    processIds().filter((pid) => {
      const words = wordsOf(pid);
      return words.includes(path) && words.some((word) => word === name || word === `${name}:` || word.endsWith(`/${name}`));
    }),
  );
  const isLeft = (pid: number): boolean => {
    const parent = processStat(pid)?.parent;
    if (parent === undefined) return false;
    return own.has(parent) ? isLeft(parent) : !isWeir(parent);
  };
  return [...own].filter(isLeft);
}

/** Lets their answers end. */
export function endLeftEngines(program: EngineProgram, path: string, report: (text: string) => void): void {
  for (const pid of leftEngines(program, path)) {
    // A group of its own, in which its workers are.
    const group = processStat(pid)?.group;
    if (signalProcess(group === pid ? -pid : pid, program.signals.end))
      report(`${program.name} (${pid}) was left by a weir that was killed: it is ended`);
  }
}
