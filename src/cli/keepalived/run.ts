// keepalived, and `weir run`, the same daemon: prints what the command line asks for, tests the configuration, or runs the daemon.

import { constants, version as kernelVersion, release } from 'node:os';
import { calledAs, typedWords } from '../../daemon/process/process-name.js';
import { SIGNAL_NUMBERS } from '../../daemon/process/signal-numbers.js';
import { EARLY_PROCESS, PROCESSES, type ProcessKind } from '../../daemon/processes.js';
import { isReader } from '../../daemon/reader/reader-role.js';
import { type DaemonOptions, WEIR_FILE_VARIABLE } from '../../daemon/supervisor/daemon-options.js';
import type { Loaded } from '../../daemon/supervisor/reload/loaded.js';
import { absolutePath } from '../../sys/files/working-directory.js';
import { forgetEarlySignals } from '../../sys/processes/early-signals.js';
import type { Io } from '../io.js';
import { helpText, RELEASE, versionText } from './help.js';
import { type Asked, readOptions } from './options.js';

/** The program's name in the log and in the usage text, also for `weir run`: scripts look for it. */
const PROGRAM = 'keepalived';

function signum(name: string, io: Io): number {
  if (!Object.hasOwn(SIGNAL_NUMBERS, name)) {
    io.err(`Unknown sigfunc ${name}\n`);
    return 1;
  }
  io.out(`${SIGNAL_NUMBERS[name as keyof typeof SIGNAL_NUMBERS]}\n`);
  return 0;
}

async function pageDigest(words: readonly string[], warnings: readonly string[], wordCount: number, io: Io): Promise<number> {
  for (const warning of warnings) io.err(`${warning}\n`);
  const { genhash } = await import('../genhash/run.js');
  return genhash(words, io, `${calledAs()} --genhash`, wordCount);
}

async function child(kind: ProcessKind): Promise<number> {
  const { runChild } = await import('../../daemon/process/child-main.js');
  return runChild(kind, PROCESSES[kind].load());
}

/** weir run has a parser of YAML, keepalived none. */
async function configurationLoader(): Promise<(options: DaemonOptions, seed?: number) => Loaded> {
  if (process.env[WEIR_FILE_VARIABLE] === undefined) return (await import('./load-configuration.js')).loadConfiguration;
  return (await import('./load-weir-configuration.js')).loadWeirConfiguration;
}

/** Runs the daemon here (-n, or as the copy in the background), or starts that copy. */
async function daemon({ options: asked }: Extract<Asked, { readonly kind: 'run' }>): Promise<number> {
  const { daemonize, isBackground, reportStarted } = await import('../../daemon/supervisor/start/daemonize.js');
  const background = isBackground();
  if (!asked.foreground && !background) return daemonize(asked.argv);
  // A background process keeps no folder in use.
  const options = background ? { ...asked, path: absolutePath(asked.path) } : asked;
  if (background) process.chdir('/');
  const name = calledAs();
  const typed = typedWords([name, ...asked.argv]);
  const { DaemonChild } = await import('../../daemon/supervisor/children/child-process.js');
  // Before the rest is loaded, because its start takes longest.
  const command = { argv: options.argv, console: options.foreground };
  const early = options.parts[EARLY_PROCESS] ? { early: new DaemonChild(EARLY_PROCESS, command) } : {};
  const [{ runDaemon }, { readInReader }, load] = await Promise.all([
    import('../../daemon/supervisor/daemon.js'),
    import('../../daemon/reader/reader.js'),
    configurationLoader(),
  ]);
  return runDaemon({
    options,
    name,
    typed,
    release: RELEASE,
    load: () => load(options),
    loadAgain: () => readInReader({ options, seed: process.pid }),
    ...early,
    started: background ? reportStarted : () => {},
  });
}

/** Prints what is wrong with options and words, where keepalived does. */
function complain({ warnings, extra }: Pick<Extract<Asked, { readonly kind: 'run' }>, 'warnings' | 'extra'>, io: Io): void {
  for (const { text } of warnings) io.err(`${text}\n`);
  if (extra.length > 0) io.out(`Unexpected argument(s): ${extra.join(' ')} \n`);
  io.flush();
}

async function reader(): Promise<number> {
  const [{ serveRead }, load, { dieWithParent }, { leaveNoCore }] = await Promise.all([
    import('../../daemon/reader/reader.js'),
    configurationLoader(),
    import('../../sys/processes/signals.js'),
    import('../../sys/processes/scheduling.js'),
  ]);
  leaveNoCore();
  // Reading a large file blocks the event loop, so the kernel ends this process when the supervisor ends.
  dieWithParent(constants.signals.SIGKILL);
  return serveRead(({ options, seed }) => load(options, seed));
}

export async function run(args: readonly string[], io: Io): Promise<number> {
  forgetEarlySignals();
  const { childKind } = await import('../../daemon/supervisor/children/child-process.js');
  const kind = childKind();
  if (kind !== undefined) return child(kind);
  if (isReader()) return reader();
  const asked = readOptions(args);
  switch (asked.kind) {
    case 'failed':
      io.err(`${asked.text}\n`);
      return 1;
    case 'help':
      io.err(helpText(PROGRAM));
      return 0;
    case 'version':
      io.err(versionText(`Linux ${release()} ${kernelVersion()}`));
      return 0;
    case 'signum':
      return signum(asked.name, io);
    case 'genhash':
      return pageDigest(asked.args, asked.warnings, args.length, io);
    case 'test': {
      complain(asked, io);
      const { configTest } = await import('./config-test.js');
      const status = configTest(asked.options, asked.output, io);
      // An unknown facility counts as an error of the configuration.
      return status === 0 && asked.warnings.some(({ code }) => code === 'log-facility-invalid') ? 5 : status;
    }
    case 'run':
      complain(asked, io);
      return daemon(asked);
  }
}
