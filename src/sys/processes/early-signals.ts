// Signals that come before a process of the daemon can handle them: native/preload keeps them from its first moment, if it is loaded.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { native } from '../addon.js';
import { artifactFolders } from '../artifact.js';

const LIBRARY = 'weir-signals.so';
/** What parts the paths in LD_PRELOAD: none that has one of these can be named there. */
const SEPARATORS = /[\s:]/;

const isOwn = (path: string): boolean => path === LIBRARY || path.endsWith(`/${LIBRARY}`);
const others = (value = ''): readonly string[] => value.split(SEPARATORS).filter((path) => path !== '' && !isOwn(path));

function library(): string | undefined {
  const places = artifactFolders(dirname(fileURLToPath(import.meta.url))).map((folder) => join(folder, LIBRARY));
  return places.find((path) => !SEPARATORS.test(path) && existsSync(path));
}

/** The environment with which a process of the daemon is started. */
export function keepingEarlySignals(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const own = library();
  return own === undefined ? environment : { ...environment, LD_PRELOAD: [...others(environment['LD_PRELOAD']), own].join(':') };
}

/** Removes the library from the environment of what this process starts: scripts do without it. */
export function forgetEarlySignals(environment: NodeJS.ProcessEnv = process.env): void {
  const rest = others(environment['LD_PRELOAD']);
  if (rest.length > 0) environment['LD_PRELOAD'] = rest.join(':');
  else delete environment['LD_PRELOAD'];
}

interface Launcher {
  /** Signals that came since the launcher began. */
  readonly came: Set<NodeJS.Signals>;
  /** Removes its listeners. */
  stop(): void;
}

/** The launcher's listeners (dev/launcher.cjs), which serve where the library is not loaded. */
function launcher(): Launcher | undefined {
  return (globalThis as { weirEarlySignals?: Launcher }).weirEarlySignals;
}

/** The listeners for all these signals are installed: they get what came before. */
export function takeEarlySignals(): void {
  const early = launcher();
  early?.stop();
  for (const signal of early?.came ?? []) process.emit(signal, signal);
  native().takeSignals();
}
