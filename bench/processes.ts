// Commands and servers that the bench starts, inside network namespaces of its own: each is ended by its pid, whatever happens.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';

export interface Finished {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

const running = new Set<ChildProcess>();

/** The command line that runs `args` in a namespace; only the network is changed, so mounts and pins stay visible. */
const within = (namespace: string | undefined, args: readonly string[]): readonly [string, readonly string[]] => {
  const line = namespace === undefined ? args : ['nsenter', `--net=/run/netns/${namespace}`, '--', ...args];
  const [command = '', ...rest] = line;
  return [command, rest];
};

/** Runs a short command to its end. @throws Error with the command's own message when it fails. */
export const run = (namespace: string | undefined, args: readonly string[], input = ''): string => {
  const [command, rest] = within(namespace, args);
  const done = spawnSync(command, rest, { input, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (done.error) throw done.error;
  if (done.status !== 0) throw new Error(`${args.join(' ')}: ${done.stderr.trim() || done.stdout.trim() || `status ${done.status}`}`);
  return done.stdout;
};

/** Starts a process and returns immediately; `stop` ends it. `input`: whether it gets a pipe to read from. */
export const start = (namespace: string, args: readonly string[], input: 'ignore' | 'pipe' = 'ignore'): ChildProcess => {
  const [command, rest] = within(namespace, args);
  const child = spawn(command, rest, { stdio: [input, 'pipe', 'pipe'] });
  running.add(child);
  child.on('error', () => running.delete(child));
  child.on('close', () => running.delete(child));
  return child;
};

/** The whole output of a started process, when it has ended. */
export const finished = (child: ChildProcess): Promise<Finished> =>
  new Promise((resolve, reject) => {
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (chunk) => {
      stdout += String(chunk);
    });
    child.stderr?.on('data', (chunk) => {
      stderr += String(chunk);
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ status: code ?? 1, stdout, stderr }));
  });

/** A server: its output is kept from filling the pipe, its end awaited by `stop`. */
export const serve = (namespace: string, args: readonly string[]): ChildProcess => {
  const child = start(namespace, args);
  child.stdout?.resume();
  child.stderr?.resume();
  return child;
};

/** Asks a process to end and waits until it has; after two seconds it is killed. */
export const stop = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) {
      resolve();
      return;
    }
    const last = setTimeout(() => child.kill('SIGKILL'), 2000);
    child.on('close', () => {
      clearTimeout(last);
      resolve();
    });
    child.kill('SIGTERM');
  });

/** Ends everything that still runs, immediately: for exits and interrupts. */
export const stopAll = (): void => {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
};

/** Whether a program is installed. */
export const installed = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

/** @throws Error where one of them is not installed */
export const requireInstalled = (...programs: readonly string[]): void => {
  const missing = programs.find((program) => !installed(program));
  if (missing !== undefined) throw new Error(`${missing} is not installed`);
};
