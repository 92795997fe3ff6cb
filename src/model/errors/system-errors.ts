// What is missing or in the way on this machine, whatever the command.
import type { ErrorRows } from './error-row.js';

interface Why {
  readonly why: string;
}
interface What {
  readonly what: string;
}

/** `who`: the lock and its holder, in words; `holder`: its pid, undefined where readers hold it, or a process of another PID namespace. */
interface LockHolder {
  readonly path: string;
  readonly holder: number | undefined;
  readonly who: string;
  readonly waitMs: number;
}

export const systemErrors = {
  'lock-busy': { text: ({ who, waitMs }: LockHolder) => `${who}; gave up after ${waitMs / 1000} s`, exitStatus: 1 },
  'output-unwritable': { text: ({ why }: Why) => `standard output cannot be written: ${why}`, exitStatus: 1 },
  /** `path`: relative to it. */
  'working-directory-gone': {
    text: ({ path }: { path: string }) => `${path}: the working directory was removed`,
    hint: 'go to another folder, or use a path that begins with /',
    exitStatus: 1,
  },
  'addon-not-loaded': {
    text: ({ why }: Why) => `cannot load the addon: ${why}`,
    hint: ({ why }: Why) => (why.includes('libbpf.so') ? 'apt-get install libbpf1' : 'build it with ./weir build'),
    exitStatus: 1,
  },
  'artifact-missing': { text: ({ name }: { name: string }) => `${name} is missing`, hint: 'build it with ./weir build', exitStatus: 1 },
  'descriptor-closed': { text: ({ what }: What) => `${what} was used after it was closed`, exitStatus: 1 },
  'namespace-missing': { text: ({ what }: What) => `${what}: no such network namespace`, exitStatus: 1 },
  'namespace-wrong-file': { text: ({ what }: What) => `${what} is no network namespace`, exitStatus: 1 },
  'namespace-name': {
    text: ({ name }: { name: string }) => `${JSON.stringify(name)} cannot be the name of a network namespace`,
    exitStatus: 1,
  },
  'socket-path': {
    text: ({ path, bytesMax }: { path: string; bytesMax: number }) => `${path} cannot be a socket's path: it takes 1 to ${bytesMax} bytes`,
    exitStatus: 1,
  },
  'user-unknown': { text: ({ user }: { user: string }) => `there is no user ${user}`, exitStatus: 1 },
  'group-unknown': { text: ({ group }: { group: string }) => `there is no group ${group}`, exitStatus: 1 },
} as const satisfies ErrorRows;
