// weir's table of another namespace, looked at every few milliseconds through its pins: which tables packets met, and when.

import { readdirSync } from 'node:fs';
import { isLoaded } from '../../../src/datapath/ebpf/load/load.js';
import { ObservingReader } from '../../../src/datapath/ebpf/observe/observing-reader.js';
import { Bpffs } from '../../../src/datapath/ebpf/pins/bpffs.js';
import { layoutOf } from '../../../src/datapath/ebpf/table/layout.js';
import { Tables } from '../../../src/datapath/ebpf/table/tables.js';
import { unlessCode } from '../../../src/sys/errno.js';
import { emptyTable, type Table, tableOf, tableText } from './table.js';

const PERIOD_MS = 10;

export class TableWatch {
  #reader: ObservingReader | undefined;
  #last = '';
  readonly #timer: NodeJS.Timeout;

  /** `cookie`: of the namespace. `changed`: for each table that differs from the one before; the first is empty and not reported. */
  constructor(
    readonly cookie: bigint,
    readonly changed: (table: Table) => void,
  ) {
    this.#timer = setInterval(() => this.look(), PERIOD_MS);
  }

  look(): void {
    const table = this.#read();
    const text = tableText(table).join('\n');
    if (text === this.#last) return;
    this.#last = text;
    this.changed(table);
  }

  get timeouts(): string {
    const { tcp, tcpFin, udp } = this.#open()?.timeouts() ?? { tcp: 900, tcpFin: 120, udp: 300 };
    return `${tcp} ${tcpFin} ${udp}`;
  }

  #read(): Table {
    const reader = this.#open();
    return reader === undefined ? emptyTable : tableOf(reader.services());
  }

  #open(): ObservingReader | undefined {
    if (this.#reader !== undefined) return this.#reader;
    const bpffs = Bpffs.find();
    if (bpffs?.cookies().includes(this.cookie) !== true) return undefined;
    const folder = bpffs.path(this.cookie);
    if (unlessCode(() => readdirSync(folder), ['ENOENT'], []).length === 0 || !isLoaded(folder)) return undefined;
    const tables = Tables.readable(folder);
    if (layoutOf(tables) !== 'ours') return undefined;
    tables.mapAll();
    this.#reader = new ObservingReader(tables, bpffs.presentLock(this.cookie));
    return this.#reader;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#reader?.close();
  }
}
