// The pages through which connections by FULLNAT that come from other directors get their local ports (bpf/director/apply-flow.h): one of each family. Before
// their connections are put into the tables each reserves its flow; afterwards what was reserved is kept, or dropped.
import { existsSync } from 'node:fs';
import type { Family } from '../../../model/address.js';
import type { Applied } from '../../../model/foreign-connection.js';
import { type ArtifactName, artifact } from '../../../sys/artifact.js';
import { BpfMap, ObjectFile, type Program } from '../../../sys/bpf/bpf-objects.js';
import { Records } from '../../../sys/bpf/records.js';
import { using } from '../../../sys/fd.js';
import { ApplyFlowAbi, FlowOp, FlowPage, FlowRecord, FlowResult } from '../apply-flow.gen.js';
import { mapsForFlows } from '../load/fullnat.js';
import { loadOnto } from '../load/programs.js';
import { movePage } from '../load/table-move.js';
import { requiredPin } from '../pins/required-pin.js';
import { fullnatPin, type Tables } from '../table/tables.js';

const FILES: Readonly<Record<Family, ArtifactName>> = { inet: 'weir-apply-fullnat.bpf.o', inet6: 'weir-apply-fullnat6.bpf.o' };
const PROGRAM = 'weir_apply_flows';

const WORD = 4;
const RECORD_WORDS = FlowRecord.bytes / WORD;
const FIRST = FlowPage.record.at / WORD;
const wordOf = ({ at }: { readonly at: number }): number => at / WORD;
/** Where fields stand in a record, in words. Two ports share one; protocol, what is to be done, and `wide` share one. */
const At = {
  client: wordOf(FlowRecord.client),
  vaddr: wordOf(FlowRecord.vaddr),
  local: wordOf(FlowRecord.local),
  ports: wordOf(FlowRecord.port),
  morePorts: wordOf(FlowRecord.serverPort),
  protocol: wordOf(FlowRecord.protocol),
  dest: wordOf(FlowRecord.dest),
  until: wordOf(FlowRecord.until),
  state: wordOf(FlowRecord.state),
  report: wordOf(FlowRecord.report),
  first: wordOf(FlowRecord.first),
  answer: wordOf(FlowRecord.answer),
} as const;

export type FlowStep = 'reserve' | 'keep' | 'drop';
const OPS: Readonly<Record<FlowStep, number>> = { reserve: FlowOp.FLOW_RESERVE, keep: FlowOp.FLOW_KEEP, drop: FlowOp.FLOW_DROP };

/** What becomes a record, filled again for each. Addresses and ports as in a packet; `until`: by the datapath's clock. */
export class FlowFields {
  readonly client = new Uint32Array(4);
  readonly vaddr = new Uint32Array(4);
  readonly local = new Uint32Array(4);
  port = 0;
  vport = 0;
  serverPort = 0;
  localPort = 0;
  protocol = 0;
  wide = false;
  dest = 0;
  until = 0;
  state = 0;
  report = 0;
  first = 0;
}

/** Why a connection is not made: its client cannot have its local port. undefined: it can. */
function refusalOf(answer: number): Applied | undefined {
  switch (answer) {
    case FlowResult.FLOW_NO_PORT:
      return 'port';
    case FlowResult.FLOW_NO_LOCAL:
      return 'unbound';
    case FlowResult.FLOW_FULL:
      return 'full';
    case FlowResult.FLOW_BUSY:
      return 'busy';
    default:
      return undefined;
  }
}

/** The page of one family, and the program that works through it. */
class FlowPageOf {
  readonly #words: Uint32Array;
  readonly #indexes = new Uint32Array(ApplyFlowAbi.FLOW_RECORDS);
  count = 0;

  constructor(
    /** The number of the map that has the flows by their connections. */
    readonly table: number,
    readonly program: Program,
    readonly page: Records,
    readonly object: ObjectFile,
  ) {
    this.#words = new Uint32Array(page.memory);
  }

  /** True: it is full. */
  add(index: number, step: FlowStep, fields: FlowFields): boolean {
    const words = this.#words;
    const at = FIRST + this.count * RECORD_WORDS;
    for (let k = 0; k < 4; k++) {
      words[at + At.client + k] = fields.client[k] ?? 0;
      words[at + At.vaddr + k] = fields.vaddr[k] ?? 0;
      words[at + At.local + k] = fields.local[k] ?? 0;
    }
    words[at + At.ports] = fields.port | (fields.vport << 16);
    words[at + At.morePorts] = fields.serverPort | (fields.localPort << 16);
    words[at + At.protocol] = fields.protocol | (OPS[step] << 8) | (fields.wide ? 1 << 16 : 0);
    words[at + At.dest] = fields.dest;
    words[at + At.until] = fields.until;
    words[at + At.state] = fields.state;
    words[at + At.report] = fields.report;
    words[at + At.first] = fields.first;
    this.#indexes[this.count] = index;
    this.count += 1;
    return this.count === ApplyFlowAbi.FLOW_RECORDS;
  }

  run(answers: Uint8Array): void {
    if (this.count === 0) return;
    this.#words[FlowPage.count.at / WORD] = this.count;
    movePage(this.program);
    for (let record = 0; record < this.count; record++)
      answers[this.#indexes[record] ?? 0] = this.#words[FIRST + record * RECORD_WORDS + At.answer] ?? 0;
    this.count = 0;
  }

  close(): void {
    this.program.close();
    this.object.close();
  }
}

export class FlowPages {
  readonly #pages = new Map<Family, FlowPageOf>();
  /** Families that were looked for in this run; undefined: no destination is one of FULLNAT. */
  readonly #looked = new Map<Family, FlowPageOf | undefined>();
  /** By the number of each of all. */
  #reserved = new Uint8Array();
  #later = new Uint8Array();

  constructor(readonly tables: Tables) {}

  /** So many connections may be put. The caller holds the lock until end(). */
  begin(count: number): void {
    this.#reserved = new Uint8Array(count);
    this.#later = new Uint8Array(count);
    for (const page of this.#pages.values()) page.count = 0; // an error may have left some
    this.#looked.clear();
  }

  /** Is there any destination of FULLNAT? */
  get isUsed(): boolean {
    return this.#pageOf('inet') !== undefined || this.#pageOf('inet6') !== undefined;
  }

  /** What was put before was put with the same step, or was run. @throws WeirError kernel-refuses-datapath, pin-missing */
  put(family: Family, index: number, step: FlowStep, fields: FlowFields): void {
    const page = this.#pageOf(family);
    if (page?.add(index, step, fields) === true) page.run(step === 'reserve' ? this.#reserved : this.#later);
  }

  run(step: FlowStep): void {
    for (const page of this.#pages.values()) page.run(step === 'reserve' ? this.#reserved : this.#later);
  }

  /** Of one that was to be reserved; undefined: its connection may be put into the table. */
  refusal(index: number): Applied | undefined {
    return refusalOf(this.#reserved[index] ?? 0);
  }

  /** Was a flow made for it? */
  isMade(index: number): boolean {
    return this.#reserved[index] === FlowResult.FLOW_MADE;
  }

  close(): void {
    for (const page of this.#pages.values()) page.close();
    this.#pages.clear();
  }

  #pageOf(family: Family): FlowPageOf | undefined {
    const known = this.#looked.get(family);
    if (known !== undefined) return known;
    const found = this.#looked.has(family) ? undefined : this.#openFor(family);
    this.#looked.set(family, found);
    return found;
  }

  /** The datapath may have been loaded again. */
  #openFor(family: Family): FlowPageOf | undefined {
    const path = `${this.tables.folder}/${fullnatPin(family, 'fullnat_clients')}`;
    const table = existsSync(path) ? using(requiredPin(path, BpfMap.pinned), (map) => map.info().id) : undefined;
    const known = this.#pages.get(family);
    if (known !== undefined && known.table === table) return known;
    known?.close();
    this.#pages.delete(family);
    if (table === undefined) return undefined;
    const page = this.#load(family, table);
    this.#pages.set(family, page);
    return page;
  }

  #load(family: Family, table: number): FlowPageOf {
    const { tables } = this;
    const object = new ObjectFile(artifact(FILES[family]));
    try {
      loadOnto(object, tables.folder, tables, mapsForFlows(family, tables));
      const page = using(object.map('flow_page'), (map) => new Records(map.mmap(FlowPage.bytes, true), FlowRecord.bytes));
      return new FlowPageOf(table, object.program(PROGRAM), page, object);
    } catch (error) {
      object.close();
      throw error;
    }
  }
}
