// Every keepalived that runs in this network namespace, by its first process, and the file that it was started with.
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

const DEFAULT_PATH = '/etc/keepalived/keepalived.conf';

/** A keepalived, weir's or another, that runs in this network namespace. */
export interface KeepalivedDaemon {
  /** Of its first process. */
  readonly pid: number;
  readonly file: string;
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

/** The processes named keepalived in the namespace `own` that root or this user started. */
function processes(own: string): readonly ProcessFact[] {
  const ownUid = process.getuid?.() ?? 0;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid): ProcessFact[] => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split(/[\0 ]+/);
        if (!/(^|\/)keepalived$/.test(words[0] ?? '') || readlinkSync(`/proc/${pid}/ns/net`) !== own) return [];
        if (!isTrusted(readFileSync(`/proc/${pid}/status`, 'utf8'), ownUid)) return [];
        // The name may contain blanks and brackets. After it come the state and the parent.
        const parent = Number(
          readFileSync(`/proc/${pid}/stat`, 'utf8')
            .replace(/^.*\) /s, '')
            .split(' ')[1],
        );
        return [{ pid: Number(pid), parent, words, folder: readlinkSync(`/proc/${pid}/cwd`) }];
      } catch {
        return []; // It ended between two reads.
      }
    });
}

function fileOf({ words, folder }: ProcessFact): string {
  const short = words.findIndex((word) => /^-[a-zA-Z]*f$/.test(word));
  const long = words.find((word) => word.startsWith('--use-file='));
  const path = (short >= 0 ? words[short + 1] : long?.slice('--use-file='.length)) ?? DEFAULT_PATH;
  return path.startsWith('/') ? path : `${folder}/${path}`;
}

export function keepalivedDaemons(): readonly KeepalivedDaemon[] {
  const all = processes(readlinkSync('/proc/self/ns/net'));
  const pids = new Set(all.map(({ pid }) => pid));
  return all.filter(({ parent }) => !pids.has(parent)).map((one) => ({ pid: one.pid, file: fileOf(one) }));
}

/** The configuration files: those of the daemons, else the host's own. */
export function keepalivedFiles(daemons: readonly KeepalivedDaemon[]): readonly string[] {
  if (daemons.length > 0) return [...new Set(daemons.map(({ file }) => file))];
  return existsSync(DEFAULT_PATH) ? [DEFAULT_PATH] : [];
}
