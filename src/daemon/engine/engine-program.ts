// What weir knows of each engine's program: how it is run and examined, and what its signals do.
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineOptions, EngineText } from '../../config/engine/engine-options.js';
import { writeHaproxy } from '../../config/haproxy/write-haproxy.js';
import { writeNginx } from '../../config/nginx/write.js';
import { WeirError } from '../../model/errors/weir-error.js';
import type { Layer7 } from '../../model/layer7/layer7.js';
import { unlessCode } from '../../sys/errno.js';
import { EngineFile } from './engine-file.js';

export type EngineName = 'nginx' | 'haproxy';

export interface EngineProgram {
  readonly name: EngineName;
  readonly fileName: string;
  readonly write: (model: Layer7, options: EngineOptions) => EngineText;
  readonly args: (path: string, folder: string) => readonly string[];
  readonly examineArgs: (path: string, folder: string) => readonly string[];
  /** What of the program's messages is why it refuses a file. */
  readonly refusal: (messages: string) => string;
  /** `end`: answers under way end. `orphan`: sent to it when weir is killed, by the name that setpriv knows. */
  readonly signals: { readonly reload: NodeJS.Signals; readonly end: NodeJS.Signals; readonly orphan: string };
  /** It reopens its logs itself on SIGUSR1; otherwise weir writes the log, from standard output. */
  readonly writesLog: boolean;
  /** Whether the process takes signals: it has begun to serve. */
  readonly isReady: (folder: string, pid: number) => boolean;
  /** What a process before may have left, that `isReady` looks for. */
  readonly trace: (folder: string) => string;
}

const nginx: EngineProgram = {
  name: 'nginx',
  fileName: 'nginx.conf',
  write: writeNginx,
  args: (path, folder) => ['-p', folder, '-e', 'stderr', '-c', path],
  examineArgs: (path, folder) => ['-t', '-q', '-p', folder, '-e', 'stderr', '-c', path],
  refusal: (messages) => {
    const found = messages.split('\n').find((line) => line.includes('[emerg]'));
    return (found ?? messages).replace(/^.*\[emerg\] (?:\d+#\d+: )?/, '').trim();
  },
  signals: { reload: 'SIGHUP', end: 'SIGQUIT', orphan: 'QUIT' },
  writesLog: true,
  isReady: (folder, pid) => Number(unlessCode(() => readFileSync(join(folder, 'nginx.pid'), 'utf8'), ['ENOENT'], '')) === pid,
  trace: (folder) => join(folder, 'nginx.pid'),
};

/** A master that started its worker begins again in another mode, without those signals that came before: its environment shows that. */
const WAITS = 'HAPROXY_MWORKER_WAIT_ONLY=';
/** Versions from 3.1 on do not begin again. */
const SETTLED_MS = 2000;

function isHaproxyReady(folder: string, pid: number): boolean {
  const bound = unlessCode(() => statSync(join(folder, 'haproxy.sock')).mtimeMs, ['ENOENT'], undefined);
  if (bound === undefined) return false;
  const environment = unlessCode(() => readFileSync(`/proc/${pid}/environ`, 'latin1'), ['ENOENT', 'ESRCH', 'EACCES'], '');
  return environment.includes(WAITS) || Date.now() - bound > SETTLED_MS;
}

const haproxy: EngineProgram = {
  name: 'haproxy',
  fileName: 'haproxy.cfg',
  write: writeHaproxy,
  args: (path) => ['-W', '-f', path],
  // with -q it gives no reason either
  examineArgs: (path) => ['-c', '-f', path],
  refusal: (messages) => {
    const found = messages.split('\n').find((line) => line.startsWith('[ALERT]'));
    return (found ?? messages).replace(/^\[ALERT\]\s*\(\d+\) : (?:config : )?/, '').trim();
  },
  signals: { reload: 'SIGUSR2', end: 'SIGUSR1', orphan: 'USR1' },
  writesLog: false,
  isReady: isHaproxyReady,
  trace: (folder) => join(folder, 'haproxy.sock'),
};

export const ENGINES: Readonly<Record<EngineName, EngineProgram>> = { nginx, haproxy };
export const isEngineName = (text: string | undefined): text is EngineName => text !== undefined && Object.hasOwn(ENGINES, text);

const EXAMINE_MS = 30_000;
export const engineEnvironment = (): NodeJS.ProcessEnv => ({ ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` });

/** What the program reports of a file; undefined: it is right. @throws WeirError engine-absent */
function examine({ name, examineArgs, refusal }: EngineProgram, path: string, folder: string): string | undefined {
  const { error, status, stderr } = spawnSync(name, examineArgs(path, folder), {
    encoding: 'utf8',
    timeout: EXAMINE_MS,
    env: engineEnvironment(),
  });
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') throw new WeirError('engine-absent', { program: name });
  if (error === undefined && status === 0) return undefined;
  return error?.message ?? (refusal(stderr) || `${name} gives no reason, and ends with status ${status}`);
}

export const engineFile = (program: EngineProgram, folder: string): EngineFile =>
  new EngineFile({ folder, name: program.fileName, examine: (path) => examine(program, path, folder) });
