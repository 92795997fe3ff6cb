// Loads the addon on first use: commands that never touch the kernel start without it.
import { dlopen } from 'node:process';
import { artifact } from './artifact.js';
import type { Native } from './native.js';

let loaded: Native | undefined;

/**
 * The addon. One instance a thread; WEIR_ADDON names another build of it (tests: the instrumented one).
 * @throws Error of one line when it was not built or its libraries are missing
 */
export function native(): Native {
  if (loaded === undefined) {
    const path = process.env['WEIR_ADDON'] ?? artifact('weir.node');
    const module: { exports: unknown } = { exports: {} };
    try {
      dlopen(module, path);
    } catch (error) {
      throw new Error(`weir: cannot load the addon: ${hint(String((error as Error).message))}`, { cause: error });
    }
    loaded = module.exports as Native;
  }
  return loaded;
}

function hint(message: string): string {
  const line = message.split('\n', 1)[0] ?? '';
  if (line.includes('libbpf.so')) return `${line}: apt-get install libbpf1`;
  return line;
}
