// At a reload the configuration is read in a process of its own: however much memory that takes, it is given back, and bounded.
import { ownChild } from '../../sys/processes/orphans.js';
import { spawnChild } from '../../sys/processes/spawn-child.js';
import type { DaemonOptions } from '../supervisor/daemon-options.js';
import type { Loaded } from '../supervisor/reload/loaded.js';
import { readerEnvironment } from './reader-role.js';

/** MiB of heap; 65,000 instances want less than half of it. */
const HEAP_MAX_MIB = 1024;
/** The bounds of reading end it long before. */
const TIME_MAX_MS = 120_000;

export interface ReadRequest {
  readonly options: DaemonOptions;
  /** What `${_RANDOM}` begins with. */
  readonly seed: number;
}

const refused = (text: string): Loaded => ({ outcome: 'fatal', messages: [{ level: 'error', text }] });

/** Answers the one request, in the process that reads; resolves to its exit status. */
export function serveRead(load: (request: ReadRequest) => Loaded): Promise<number> {
  return new Promise((end) => {
    // The answer is not waited for any more.
    process.on('disconnect', () => end(0));
    process.once('message', (request: ReadRequest) => {
      process.send?.(load(request), undefined, undefined, () => end(0));
    });
  });
}

/** Reads in a new process. Never rejects: what goes wrong makes a configuration that cannot be used, with the reason. */
export function readInReader(request: ReadRequest, heapMib = HEAP_MAX_MIB): Promise<Loaded> {
  const args = [...process.execArgv, `--max-old-space-size=${heapMib}`, process.argv[1] ?? '', 'keepalived'];
  const reader = spawnChild(process.execPath, args, {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    serialization: 'advanced',
    env: readerEnvironment(),
  });
  const disown = ownChild(reader.pid ?? -1);
  reader.once('exit', disown);
  return new Promise((done) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      reader.kill('SIGKILL');
    }, TIME_MAX_MS);
    const finish = (loaded: Loaded): void => {
      clearTimeout(timer);
      done(loaded);
    };
    reader.on('message', (loaded: Loaded) => finish(loaded));
    reader.on('error', (error) => finish(refused(`cannot start a process that reads the configuration: ${error.message}`)));
    reader.on('exit', (code, signal) => {
      if (late) finish(refused(`reading the configuration takes longer than ${TIME_MAX_MS / 1000} seconds`));
      // V8 aborts when its heap is full.
      else if (signal === 'SIGABRT' || code === 134) finish(refused(`reading the configuration takes more than ${heapMib} MiB of memory`));
      else finish(refused(`the process that reads the configuration ended with ${signal ?? `status ${code}`}`));
    });
    if (reader.connected) reader.send(request, () => {});
  });
}
