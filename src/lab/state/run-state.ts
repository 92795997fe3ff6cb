// The runs of labs on this machine: one file each, written before the first namespace is made, so that no namespace is orphaned.
import { linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startTime } from '../../sys/processes/child.js';
import type { Lab } from '../definition/lab.js';
import { namespaceOf, switchNamespace } from '../definition/names.js';
import { LAB_STATE } from './paths.js';

export interface RunState {
  readonly run: string;
  readonly lab: string;
  readonly title: string;
  /** The process that runs it: process id and start time. */
  readonly owner: { readonly pid: number; readonly started: string };
  /** Left standing on purpose when its steps were done. */
  readonly kept: boolean;
  /** Host to namespace. */
  readonly hosts: Readonly<Record<string, string>>;
  readonly switches: string;
  /** Hosts that run a director. */
  readonly directors: readonly string[];
  /** Logs, captures, configurations. */
  readonly folder: string;
}

const pathOf = (run: string): string => join(LAB_STATE, `${run}.json`);

const isCode = (error: unknown, code: string): boolean => error instanceof Error && (error as NodeJS.ErrnoException).code === code;

function stateOf(lab: Lab, run: string): RunState {
  const hosts = Object.keys(lab.hosts);
  return {
    run,
    lab: lab.name,
    title: lab.title,
    owner: { pid: process.pid, started: startTime(process.pid) ?? '' },
    kept: false,
    hosts: Object.fromEntries(hosts.map((host) => [host, namespaceOf(run, host)])),
    switches: switchNamespace(run),
    directors: hosts.filter((host) => lab.hosts[host]?.director === true),
    folder: join(LAB_STATE, run),
  };
}

/** Writes the state unless its run exists; a hard link makes the file appear complete. */
function claim(state: RunState): boolean {
  const draft = `${pathOf(state.run)}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(state, undefined, 1));
  try {
    linkSync(draft, pathOf(state.run));
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Chooses a name for a run: the lab's own, or with a number if that is taken. Makes its folder. */
export function beginRun(lab: Lab): RunState {
  mkdirSync(LAB_STATE, { recursive: true });
  for (let number = 1; ; number++) {
    const state = stateOf(lab, number === 1 ? lab.name : `${lab.name}.${number}`);
    if (claim(state)) {
      mkdirSync(state.folder, { recursive: true });
      return state;
    }
  }
}

/** Marks a run as left standing. */
export function keepRun(state: RunState): void {
  const draft = `${pathOf(state.run)}.${process.pid}`;
  writeFileSync(draft, JSON.stringify({ ...state, kept: true }, undefined, 1));
  renameSync(draft, pathOf(state.run));
}

/** Deletes the state of a run whose namespaces are gone. */
export function endRun(state: RunState): void {
  rmSync(state.folder, { recursive: true, force: true });
  rmSync(pathOf(state.run), { force: true });
}

/** All runs known on this machine, by name. */
export function allRuns(): readonly RunState[] {
  let names: string[];
  try {
    names = readdirSync(LAB_STATE);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return [];
    throw error;
  }
  return names
    .filter((name) => name.endsWith('.json'))
    .sort()
    .flatMap((name) => {
      try {
        return [JSON.parse(readFileSync(join(LAB_STATE, name), 'utf8')) as RunState];
      } catch (error) {
        if (isCode(error, 'ENOENT')) {
          return []; // It was taken down meanwhile.
        }
        throw error;
      }
    });
}

/** `running`: its process lives; `standing`: kept on purpose; `abandoned`: its process died without taking it down. */
export function conditionOf({ owner, kept }: RunState): 'running' | 'standing' | 'abandoned' {
  if (kept) return 'standing';
  return owner.started !== '' && startTime(owner.pid) === owner.started ? 'running' : 'abandoned';
}
