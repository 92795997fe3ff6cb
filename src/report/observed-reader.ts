// The tables of this network namespace for commands that only look: no lock, nothing loaded, attached or repaired.
import { type ObservedDatapath, observeTables } from '../datapath/ebpf/observe/observer.js';
import type { ObservingReader } from '../datapath/ebpf/observe/observing-reader.js';
import { WeirError } from '../model/errors/weir-error.js';

/** @throws WeirError datapath-not-loaded, datapath-build-before, datapath-other-build */
export function readerOf(observed: ObservedDatapath): ObservingReader {
  if (observed.kind === 'loaded') return observed.reader;
  if (observed.kind !== 'other-tables') throw new WeirError('datapath-not-loaded');
  const { maps, layouts, layout } = observed;
  throw layout === 'before' ? new WeirError('datapath-build-before', { maps }) : new WeirError('datapath-other-build', { maps, layouts });
}

/** @throws WeirError as readerOf and observeDatapath */
export const observedReader = (): ObservingReader => readerOf(observeTables());
