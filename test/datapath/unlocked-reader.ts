// What a reader sees that gave up waiting for the end of a change.
import { EbpfReader } from '../../src/datapath/ebpf/ebpf-reader.js';
import type { Tables } from '../../src/datapath/ebpf/table/tables.js';

export class UnlockedReader extends EbpfReader {
  constructor(tables: Tables) {
    super(tables, '');
  }

  protected override reading<T>(work: () => T): T {
    return work();
  }
}
