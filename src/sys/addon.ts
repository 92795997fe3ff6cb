// Loads the addon on its first use: commands that make no system call of their own start without it.

import { dlopen } from 'node:process';
import { WeirError } from '../model/errors/weir-error.js';
import { artifact } from './artifact.js';
import type { Native } from './native.js';

let loaded: Native | undefined;

/**
 * The addon, one instance per thread. WEIR_ADDON names another build of it (tests: the instrumented one).
 * @throws WeirError addon-not-loaded when it was not built or its libraries are missing
 */
export function native(): Native {
  if (loaded === undefined) {
    const path = process.env['WEIR_ADDON'] ?? artifact('weir.node');
    const module: { exports: unknown } = { exports: {} };
    try {
      dlopen(module, path);
    } catch (error) {
      const [why = ''] = String((error as Error).message).split('\n', 1);
      throw new WeirError('addon-not-loaded', { why }, { cause: error });
    }
    loaded = module.exports as Native;
  }
  return loaded;
}
