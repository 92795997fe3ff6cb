// Every keepalived that runs in this network namespace, by its first process, and the file that it was started with.
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { CommandLineError, readCommandLine } from '../model/keepalived/command-line.js';
import { isSystemError, unlessCode } from '../sys/errno.js';
import { fileIdentity, UNSEEN } from '../sys/files/file-identity.js';
import { processIds } from '../sys/processes/process-tree.js';
import { insideRoot } from './rooted-config-files.js';

const DEFAULT_PATH = '/etc/keepalived/keepalived.conf';

/** A keepalived, weir's or another, that runs in this network namespace. */
export interface KeepalivedDaemon {
  /** Of its first process. */
  readonly pid: number;
  /** As this process reaches it: below /proc/PID/root where the daemon's files are others, as a container's. */
  readonly file: string;
  /** As the daemon names it, absolute. */
  readonly path: string;
  /** /proc/PID/root, where the daemon has another root or other mounts than this process. */
  readonly root?: string;
  /** Its working directory. */
  readonly folder: string;
  /** What it compares `@NAME` lines with; undefined: the host's name. */
  readonly configId?: string;
}

interface ProcessFact {
  readonly pid: number;
  readonly parent: number;
  readonly words: readonly string[];
  readonly folder: string;
}

/** Whether root or this user started it. Any user can name a process keepalived, and so make root read a file for them. */
export function isTrusted(status: string, ownUid: number): boolean {
  const uid = /^Uid:\t(\d+)\t/m.exec(status)?.[1];
  return uid !== undefined && [0, ownUid].includes(Number(uid));
}

/** The words of a /proc/PID/cmdline. A program that changes its title leaves zero bytes at the end, or one text with blanks. */
export function wordsOf(cmdline: string): readonly string[] {
  const words = cmdline.replace(/\0+$/, '').split('\0');
  return words.length === 1 ? cmdline.replace(/\0+$/, '').split(' ') : words;
}

/** The processes named keepalived in the namespace `own` that root or this user started. */
function processes(own: string): readonly ProcessFact[] {
  const ownUid = process.getuid?.() ?? 0;
  return processIds().flatMap((pid): ProcessFact[] => {
    try {
      const words = wordsOf(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
      if (!/(^|\/)keepalived$/.test(words[0] ?? '') || readlinkSync(`/proc/${pid}/ns/net`) !== own) return [];
      if (!isTrusted(readFileSync(`/proc/${pid}/status`, 'utf8'), ownUid)) return [];
      // The name may contain blanks and brackets. After it come the state and the parent.
      const parent = Number(
        readFileSync(`/proc/${pid}/stat`, 'utf8')
          .replace(/^.*\) /s, '')
          .split(' ')[1],
      );
      return [{ pid, parent, words, folder: readlinkSync(`/proc/${pid}/cwd`) }];
    } catch (error) {
      if (!isSystemError(error)) throw error;
      return []; // It ended between two reads, or this process may not read it.
    }
  });
}

interface DaemonWords {
  readonly path: string;
  readonly configId?: string;
}

/** What a daemon with these words reads. */
export function readDaemonWords(words: readonly string[]): DaemonWords {
  try {
    const { given } = readCommandLine(words.slice(1));
    const last = (letter: string): string | undefined => given.findLast(({ option }) => option.short === letter)?.value;
    const configId = last('i');
    return { path: last('f') ?? DEFAULT_PATH, ...(configId === undefined ? {} : { configId }) };
  } catch (error) {
    if (!(error instanceof CommandLineError)) throw error;
    // A newer keepalived has options that this one cannot read.
    const at = words.findIndex((word) => /^-[a-zA-Z]*f$/.test(word));
    return { path: (at < 0 ? undefined : words[at + 1]) ?? DEFAULT_PATH };
  }
}

const mounts = (pid: number | 'self'): string | undefined => unlessCode(() => readlinkSync(`/proc/${pid}/ns/mnt`), UNSEEN, undefined);

/** Undefined: its paths lead where ours lead, or its root cannot be seen. */
function otherRoot(pid: number): string | undefined {
  const root = `/proc/${pid}/root`;
  const seen = fileIdentity(`${root}/`);
  if (seen === undefined || (seen === fileIdentity('/') && mounts(pid) === mounts('self'))) return undefined;
  return root;
}

/** The file that the daemon reads by this path, as this process reaches it: by the plain path where both reach one file. */
function reached(root: string | undefined, path: string): string {
  const theirs = root === undefined ? undefined : insideRoot(root, path);
  return theirs === undefined || [undefined, fileIdentity(path)].includes(fileIdentity(theirs)) ? path : `${root}${path}`;
}

function daemonOf({ pid, words, folder }: ProcessFact): KeepalivedDaemon {
  const { path: given, configId } = readDaemonWords(words);
  const path = given.startsWith('/') ? given : `${folder}/${given}`;
  const root = otherRoot(pid);
  const file = reached(root, path);
  return { pid, file, path, folder, ...(root === undefined ? {} : { root }), ...(configId === undefined ? {} : { configId }) };
}

/** The keepalived daemons of this network namespace, weir's and others, each by its first process. */
export function keepalivedDaemons(): readonly KeepalivedDaemon[] {
  const all = processes(readlinkSync('/proc/self/ns/net'));
  const pids = new Set(all.map(({ pid }) => pid));
  return all.filter(({ parent }) => !pids.has(parent)).map(daemonOf);
}

/** The configuration files: those of the daemons, else the host's own. */
export function keepalivedFiles(daemons: readonly KeepalivedDaemon[]): readonly string[] {
  if (daemons.length > 0) return [...new Set(daemons.map(({ file }) => file))];
  return existsSync(DEFAULT_PATH) ? [DEFAULT_PATH] : [];
}
