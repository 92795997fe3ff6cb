// What a daemon runs with, for programs that compare it with another file: /run/weir/running/COOKIE.PID, one file a daemon, from its start to
// its end. It is of no use to the daemon itself, and counts only while that lives. Passwords are in it: it is for root alone.
import { readdirSync, readFileSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Damage } from '../config/keepalived/diagnostics/damage.js';
import type { KeepalivedConfiguration } from '../model/keepalived/configuration.js';
import { native } from '../sys/addon.js';
import { unlessCode } from '../sys/errno.js';
import { removeFile, replaceFile } from '../sys/files/durable-file.js';
import { startTime } from '../sys/processes/child.js';
import { folderStamp } from './folder-stamp.js';

const FOLDER = '/run/weir/running';
/** To be raised with each change of the configuration's model. */
const FORMAT = 1;
/** What is shorter is not worth compressing. */
const PLAIN_MAX = 65_536;
const GZIP_MAGIC = 0x1f;
/** 65,000 instances take less than a tenth of it. */
const LENGTH_MAX = 1 << 30;

export interface RunningDaemon {
  readonly pid: number;
  /** The file that it was started with, absolute. */
  readonly file: string;
  /** The weir.yaml beside it, absolute. */
  readonly weirFile?: string;
  /** Behind the names of its files: `_INSTANCE`. */
  readonly suffix: string;
  /** What `@NAME` lines are compared with, where -i names another than the host's. */
  readonly configId?: string;
  /** -e */
  readonly allConfig: boolean;
  /** Whether it may run the process that keeps virtual servers, and the one of VRRP. */
  readonly servesTable: boolean;
  readonly runsVrrp: boolean;
  readonly configuration: KeepalivedConfiguration;
  /** What was wrong in the file. */
  readonly damage: readonly Damage[];
}

interface Published extends RunningDaemon {
  readonly format: typeof FORMAT;
  readonly started: string;
}

const pathOf = (cookie: string, pid: number): string => `${FOLDER}/${cookie}.${pid}`;

/** `cookie`: of its network namespace. @throws SystemError */
export function publishRunning(cookie: string, running: RunningDaemon): void {
  const published: Published = { format: FORMAT, started: startTime(running.pid) ?? '', ...running };
  const plain = serialize(published);
  replaceFile(pathOf(cookie, running.pid), plain.length > PLAIN_MAX ? gzipSync(plain, { level: 1 }) : plain, 0o600);
}

/** @throws SystemError */
export function unpublishRunning(cookie: string, pid: number): void {
  removeFile(pathOf(cookie, pid));
}

function pidsIn(cookie: string): readonly number[] {
  const names = unlessCode(() => readdirSync(FOLDER), ['ENOENT', 'ENOTDIR'], []);
  return names.flatMap((name) => {
    const [, of, pid] = /^(\d+)\.(\d+)$/.exec(name) ?? [];
    return of === cookie ? [Number(pid)] : [];
  });
}

/** Undefined: it ended, or it is of a build with another format. */
export function runningDaemon(cookie: string, pid: number): RunningDaemon | undefined {
  const bytes = unlessCode(() => readFileSync(pathOf(cookie, pid)), ['ENOENT'], undefined);
  if (bytes === undefined) return undefined;
  try {
    const plain = bytes[0] === GZIP_MAGIC ? gunzipSync(bytes, { maxOutputLength: LENGTH_MAX }) : bytes;
    const { format, started, ...running } = deserialize(plain) as Published;
    return format === FORMAT && startTime(pid) === started ? running : undefined;
  } catch {
    return undefined; // Not written by this build.
  }
}

/** The daemons of a network namespace that live now; without `cookie`: of this one. @throws SystemError EACCES without root */
export const runningDaemons = (cookie = String(native().netnsCookie())): readonly RunningDaemon[] =>
  pidsIn(cookie).flatMap((pid) => runningDaemon(cookie, pid) ?? []);

/** Removes the files of daemons that were killed. @throws SystemError */
export function sweepRunning(cookie: string): void {
  for (const pid of pidsIn(cookie)) if (startTime(pid) === undefined) removeFile(pathOf(cookie, pid));
}

/** Of the files of a namespace's daemons and of those that live; undefined: one was written just now. */
export function runningStamp(cookie: string): string | undefined {
  const folder = folderStamp(FOLDER);
  return folder === undefined ? undefined : [folder, ...pidsIn(cookie).map((pid) => `${pid} ${startTime(pid) ?? ''}`)].join(' ');
}
