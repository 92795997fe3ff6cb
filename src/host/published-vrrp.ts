// What a daemon publishes of its instances of VRRP, so that other programs need not ask it: /run/weir/vrrp/COOKIE.PID.json, one file for each
// VRRP process. It is of no use to the daemon itself, and counts only while that process lives.
import { readdirSync } from 'node:fs';
import { unlessCode } from '../sys/errno.js';
import { readTextFile, removeFile, replaceTextFile } from '../sys/files/durable-file.js';
import { startTime } from '../sys/processes/child.js';

const FOLDER = '/run/weir/vrrp';
const FORMAT = 1;

export interface PublishedInstance {
  readonly name: string;
  readonly state: 'init' | 'backup' | 'master' | 'fault';
  /** When it entered that state, us since 1970; 0: it has been in it from the start. */
  readonly sinceUs: number;
  readonly interface: string;
  readonly vrid: number;
  /** Effective. */
  readonly priority: number;
  /** Why it is in FAULT. */
  readonly faults: readonly string[];
}

export interface PublishedVrrp {
  readonly format: typeof FORMAT;
  /** Of the VRRP process; with its start time, which names it for ever. */
  readonly pid: number;
  readonly started: string;
  /** The daemon's first process. */
  readonly daemon: number;
  readonly instances: readonly PublishedInstance[];
}

const pathOf = (cookie: string, pid: number): string => `${FOLDER}/${cookie}.${pid}.json`;

/** `cookie`: of the process's network namespace. @throws SystemError */
export function publishVrrp(cookie: string, published: Omit<PublishedVrrp, 'format'>): void {
  replaceTextFile(pathOf(cookie, published.pid), `${JSON.stringify({ format: FORMAT, ...published })}\n`, 0o600);
}

/** @throws SystemError */
export function unpublishVrrp(cookie: string, pid: number): void {
  removeFile(pathOf(cookie, pid));
}

const isAlive = ({ pid, started }: PublishedVrrp): boolean => startTime(pid) === started;

function parse(text: string | undefined): PublishedVrrp | undefined {
  try {
    const value = JSON.parse(text ?? 'null') as Partial<PublishedVrrp> | null;
    return value?.format === FORMAT && Array.isArray(value.instances) ? (value as PublishedVrrp) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Pids that have a file there, whether they live or not. */
function pidsIn(cookie: string): readonly number[] {
  const names = unlessCode(() => readdirSync(FOLDER), ['ENOENT', 'ENOTDIR'], []);
  return names.flatMap((name) => {
    const [, of, pid] = /^(\d+)\.(\d+)\.json$/.exec(name) ?? [];
    return of === cookie ? [Number(pid)] : [];
  });
}

/** Of the processes that live now. */
export function publishedVrrp(cookie: string): readonly PublishedVrrp[] {
  return pidsIn(cookie)
    .map((pid) => parse(readTextFile(pathOf(cookie, pid))))
    .filter((published) => published !== undefined)
    .filter(isAlive);
}

/** Removes the files of processes that were killed. @throws SystemError */
export function sweepPublished(cookie: string): void {
  for (const pid of pidsIn(cookie)) {
    const published = parse(readTextFile(pathOf(cookie, pid)));
    if (published === undefined || !isAlive(published)) removeFile(pathOf(cookie, pid));
  }
}
