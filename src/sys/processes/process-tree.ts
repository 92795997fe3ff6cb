// The processes below one: its children, theirs, and so on, as /proc has them at this moment (proc(5)).
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { unlessCode } from '../errno.js';

export interface ProcessStat {
  readonly parent: number;
  readonly group: number;
}

export interface Descendant extends ProcessStat {
  readonly pid: number;
}

const GONE = ['ENOENT', 'ESRCH'] as const;

const textOf = (path: string): string => unlessCode(() => readFileSync(path, 'utf8'), GONE, '');
const entriesOf = (path: string): readonly string[] => unlessCode(() => readdirSync(path), GONE, []);

/** Of all processes that there are at this moment. @throws SystemError where /proc is not mounted */
export const processIds = (): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

/** Undefined: there is no such process. */
export function processStat(pid: number): ProcessStat | undefined {
  const stat = textOf(`/proc/${pid}/stat`);
  // The name in brackets may hold anything; behind it: state, parent, group.
  const [, parent, group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return parent === undefined || group === undefined ? undefined : { parent: Number(parent), group: Number(group) };
}

/** Each thread has the children that it made. */
function listedChildren(pid: number): readonly number[] {
  return entriesOf(`/proc/${pid}/task`).flatMap((thread) =>
    textOf(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
  );
}

/** The children of processes by a search of /proc, for a kernel without lists of them (CONFIG_PROC_CHILDREN). */
export function searchedChildren(): (pid: number) => readonly number[] {
  const children = new Map<number, number[]>();
  for (const pid of unlessCode(processIds, GONE, [])) {
    const parent = processStat(pid)?.parent ?? 0;
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  return (pid) => children.get(pid) ?? [];
}

/** Parents before their children; `roots` are not among them. At most `countMax`. */
export function descendants(
  roots: readonly number[],
  countMax: number,
  childrenOf = existsSync(`/proc/self/task/${process.pid}/children`) ? listedChildren : searchedChildren(),
): readonly Descendant[] {
  const found: Descendant[] = [];
  const known = new Set(roots);
  const parents = [...roots];
  for (let at = 0; at < parents.length && found.length < countMax; at++) {
    const parent = parents[at] ?? 0;
    for (const pid of childrenOf(parent)) {
      const stat = known.has(pid) ? undefined : processStat(pid);
      if (stat === undefined || stat.parent !== parent || found.length >= countMax) continue;
      known.add(pid);
      parents.push(pid);
      found.push({ pid, ...stat });
    }
  }
  return found;
}
