// Loads weir's addons on their first use: commands that make no system call of their own start without any.
import { dlopen } from 'node:process';
import { WeirError } from '../model/errors/weir-error.js';
import { artifact } from './artifact.js';
import type { Native } from './native.js';

/** What an addon exports. @throws WeirError addon-not-loaded when it was not built or its libraries are missing */
export function loadAddon(path: string): unknown {
  const module: { exports: unknown } = { exports: {} };
  try {
    dlopen(module, path);
  } catch (error) {
    const [why = ''] = String((error as Error).message).split('\n', 1);
    throw new WeirError('addon-not-loaded', { why }, { cause: error });
  }
  return module.exports;
}

let loaded: Native | undefined;

/**
 * The addon of system calls, one instance per thread. WEIR_ADDON names another build of it (tests: the instrumented one).
 * @throws WeirError addon-not-loaded
 */
export function native(): Native {
  loaded ??= loadAddon(process.env['WEIR_ADDON'] ?? artifact('weir.node')) as Native;
  return loaded;
}
