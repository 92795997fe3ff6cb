// nginx as an engine: its file, and its master process, which is started again when it ends and reads a new file by HUP, so that its old workers
// finish what they have.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { ENGINE_MARKER } from '../../config/nginx/write.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { unlessCode } from '../../sys/errno.js';
import { EngineFile } from './engine-file.js';

const RESTART_MIN_MS = 200;
const RESTART_MAX_MS = 5000;
/** A process that ran for so long did not fail at its start. */
const STEADY_MS = 10_000;
const EXAMINE_MS = 30_000;

const environment = (): NodeJS.ProcessEnv => ({ ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` });
const argsOf = (path: string, folder: string): readonly string[] => ['-p', folder, '-e', 'stderr', '-c', path];

/** What `nginx -t` reports of a file; undefined: it is right. @throws WeirError engine-absent */
function examine(path: string, folder: string): string | undefined {
  const { error, status, stderr } = spawnSync('nginx', ['-t', '-q', ...argsOf(path, folder)], {
    encoding: 'utf8',
    timeout: EXAMINE_MS,
    env: environment(),
  });
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') throw new WeirError('engine-absent', { program: 'nginx' });
  if (error === undefined && status === 0) return undefined;
  const found = stderr.split('\n').find((line) => line.includes('[emerg]'));
  return error?.message ?? (found ?? stderr).replace(/^.*\[emerg\] (?:\d+#\d+: )?/, '').trim();
}

/** So that nginx lets its answers end when this process is killed, and leaves its addresses to the next one (prctl PR_SET_PDEATHSIG). */
const ENDS_WITH_PARENT = ['--pdeathsig', 'QUIT', '--', 'nginx'];

/** Workers outlive a master that is killed, and hold its listening sockets: they let their answers end. */
function endWorkers(group: number | undefined): void {
  if (group !== undefined) unlessCode(() => process.kill(-group, 'SIGQUIT'), ['ESRCH'], false);
}

export const nginxFile = (folder: string): EngineFile =>
  new EngineFile({ folder, name: 'nginx.conf', marker: ENGINE_MARKER, examine: (path) => examine(path, folder) });

export class NginxEngine {
  readonly #file: EngineFile;
  #child: ChildProcess | undefined;
  #restartMs = RESTART_MIN_MS;
  #isEnding = false;
  #onEnd: (() => void) | undefined;

  /** @throws WeirError engine-refused, engine-foreign-file, engine-absent */
  constructor(
    readonly folder: string,
    text: string,
    readonly report: (text: string) => void,
  ) {
    this.#file = nginxFile(folder);
    this.#file.install(text);
    this.#start();
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  #start(): void {
    const child = spawn('setpriv', [...ENDS_WITH_PARENT, ...argsOf(this.#file.path, this.folder)], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: environment(),
      // a group of its own, by which the workers of a dead master are reached
      detached: true,
    });
    const startedAt = performance.now();
    this.#child = child;
    child.on('error', (error) => this.report(`nginx: ${error.message}`));
    child.on('exit', (code, signal) => {
      this.#child = undefined;
      if (this.#isEnding) {
        this.#onEnd?.();
        return;
      }
      endWorkers(child.pid);
      if (performance.now() - startedAt > STEADY_MS) this.#restartMs = RESTART_MIN_MS;
      this.report(`nginx (${child.pid}) ended: ${signal ?? `status ${code}`}; it is started again in ${this.#restartMs} ms`);
      setTimeout(() => {
        if (!this.#isEnding) this.#start();
      }, this.#restartMs);
      this.#restartMs = Math.min(this.#restartMs * 2, RESTART_MAX_MS);
    });
  }

  /** What nginx refuses changes nothing. @throws WeirError engine-refused, engine-foreign-file */
  reload(text: string): void {
    this.#file.install(text);
    // also without a change: certificates and logs are opened again
    this.#child?.kill('SIGHUP');
  }

  reopenLogs(): void {
    this.#child?.kill('SIGUSR1');
  }

  /** Answers under way end; a second call ends them. */
  end(): Promise<void> {
    const signal = this.#isEnding ? 'SIGTERM' : 'SIGQUIT';
    this.#isEnding = true;
    return new Promise((done) => {
      this.#onEnd = done;
      if (this.#child === undefined) done();
      else this.#child.kill(signal);
    });
  }
}
