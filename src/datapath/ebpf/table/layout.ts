// Whether pinned tables are those of this build: programs and user space must agree on every place in them.
import { Abi, Conf, LAYOUT } from '../abi.gen.js';
import type { Tables } from './tables.js';

/** `none`: they are not weir's, or are being unloaded, or were never finished. */
export type TableLayout = 'ours' | 'other-build' | 'none';

export function layoutOf({ conf }: Tables): TableLayout {
  if (conf.get(0, Conf.magic) !== Abi.WEIR_MAGIC) return 'none';
  return conf.get(0, Conf.abi) === Abi.WEIR_ABI && conf.get(0, Conf.layout) === LAYOUT ? 'ours' : 'other-build';
}
