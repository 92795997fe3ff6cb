// A child of the supervisor from its start to its end: waits for its configuration, runs its part, handles messages, sends that it is alive.

import { constants } from 'node:os';
import { mistakeText } from '../../model/errors/message-of.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { Log } from '../../model/log-level.js';
import { giveMemoryBack, giveMemoryBackIfQuick, releaseAfterStart, releaseFiles } from '../../sys/processes/memory.js';
import { dieWithParent } from '../../sys/processes/signals.js';
import { openLog } from '../log/log.js';
import { PROCESSES, type ProcessKind, settingsOf } from '../processes.js';
import { scriptsEnded } from '../scripts/run-script.js';
import { enterNamespace } from './enter-namespace.js';
import { type ChildOptions, type DumpKind, EXIT, type FromChild, isMessage, type ToChild } from './messages.js';
import { OnceATurn } from './once-a-turn.js';
import type { Part, StartPart } from './part.js';
import { PidFileKeeper } from './pid-file-keeper.js';
import { nameProcess } from './process-name.js';
import { handleSignals } from './signals.js';

const { SIGTERM } = constants.signals;

const send = (message: FromChild): void => {
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
};

/** `Stopped`, with the time it took of the processor where details are wanted. */
function stopped(log: Log, detail: boolean): void {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  const seconds = (us: number): string => (us / 1e6).toFixed(6);
  if (detail) log('info', `Stopped - used ${seconds(userCPUTime)} user time, ${seconds(systemCPUTime)} system time`);
  else log('info', 'Stopped');
}

class Child {
  #log: Log = () => {};
  #part: Part | undefined;
  #options: ChildOptions | undefined;
  #pidFile: PidFileKeeper | undefined;
  #stopping = false;
  #queue: Promise<void> = Promise.resolve();
  readonly #dumps = new OnceATurn<DumpKind>((what) => this.#inTurn(async () => this.#part?.dump(what)));

  constructor(
    readonly kind: ProcessKind,
    readonly startPart: Promise<StartPart>,
    readonly end: (status: number) => void,
  ) {}

  /** One thing after the other: a reload during the start waits for its end. */
  #inTurn(work: () => Promise<void>): void {
    this.#queue = this.#queue.then(work).catch((error: unknown) => this.failed(error));
  }

  handle(message: ToChild): void {
    switch (message.kind) {
      case 'start':
        this.#inTurn(() => this.#start(message.configuration, message.options));
        break;
      case 'reload':
        this.#inTurn(async () => {
          this.#log('info', 'Reloading');
          await this.#part?.reload(message.configuration);
          if (!PROCESSES[this.kind].prompt) giveMemoryBackIfQuick();
          send({ kind: 'reloaded' });
        });
        break;
      case 'dump':
        this.dump(message.what);
        break;
      case 'bfd':
        this.#inTurn(async () => this.#part?.bfd?.(message));
        break;
      case 'stop':
        this.stop();
    }
  }

  async #start(configuration: KeepalivedConfiguration, options: ChildOptions): Promise<void> {
    if (this.#stopping) return;
    this.#options = options;
    const row = PROCESSES[this.kind];
    setInterval(() => send({ kind: 'alive' }), options.livenessIntervalMs);
    process.umask(options.umask);
    nameProcess(settingsOf(row, configuration).name ?? 'keepalived', options.words);
    this.#log = openLog(options.log, `${row.ident}${options.identSuffix}`).log;
    if (options.pidFile !== undefined) this.#writePidFile(options.pidFile);
    if (options.netNamespace !== undefined) enterNamespace(options.netNamespace);
    const start = await this.startPart;
    this.#part = await start(configuration, options, this.#log, send);
    if (row.prompt) releaseAfterStart(releaseFiles);
    else releaseAfterStart(giveMemoryBack, giveMemoryBackIfQuick);
    send({ kind: 'ready' });
  }

  #writePidFile(path: string): void {
    this.#pidFile = new PidFileKeeper(path, this.#log);
    try {
      this.#pidFile.write();
    } catch (error) {
      this.#log('error', `cannot write ${path}: ${(error as Error).message}`);
    }
  }

  dump(what: DumpKind): void {
    this.#dumps.ask(what);
  }

  stop(): void {
    if (this.#stopping) return;
    this.#dumps.flush();
    this.#stopping = true;
    this.#inTurn(async () => {
      await this.#part?.stop();
      await scriptsEnded();
      if (this.#options !== undefined) {
        stopped(this.#log, this.#options.log.detail);
        this.#pidFile?.remove();
      }
      this.end(EXIT.ok);
    });
  }

  /** A mistake of ours, or of the host at the start: it is logged, and the supervisor decides by the status. */
  failed(error: unknown): void {
    const { code, message } = error as NodeJS.ErrnoException;
    const denied = this.#part === undefined && (code === 'EPERM' || code === 'EACCES');
    this.#log('error', denied ? `${message}: must run as root` : mistakeText(error));
    this.end(denied ? EXIT.permission : EXIT.software);
  }
}

/** Runs this process as a child; resolves with its exit status. */
export function runChild(kind: ProcessKind, startPart: Promise<StartPart>): Promise<number> {
  return new Promise((end) => {
    const child = new Child(kind, startPart, end);
    process.on('message', (message: unknown) => isMessage(message) && child.handle(message as ToChild));
    // The supervisor is gone, however: what it left is taken back.
    process.on('disconnect', () => child.stop());
    handleSignals({ stop: () => child.stop(), reload: () => send({ kind: 'reloadWanted' }), dump: (what) => child.dump(what) });
    // A supervisor that was killed cannot ask; one that ended before this line closed the channel.
    dieWithParent(SIGTERM);
    process.on('uncaughtException', (error) => child.failed(error));
    process.on('unhandledRejection', (error) => child.failed(error));
  });
}
