// The pages through which connections by FULLNAT that come from other directors get their local ports (bpf/director/apply-flow.h): one of each family. Before
// their connections are put into the tables each reserves its flow; afterwards what was reserved is kept, or dropped.
import type { Family } from '../../../model/address.js';
import type { Applied } from '../../../model/foreign-connection.js';
import type { ArtifactName } from '../../../sys/artifact.js';
import { ApplyFlowAbi, FlowOp, FlowPage, FlowRecord, FlowResult } from '../apply-flow.gen.js';
import { mapsForFlows } from '../load/fullnat.js';
import { loadOnto } from '../load/programs.js';
import { movePage } from '../load/table-move.js';
import { fullnatPin, type Tables } from '../table/tables.js';
import { type LoadedPage, loadPage, OpenPages } from './open-pages.js';

const FILES: Readonly<Record<Family, ArtifactName>> = { inet: 'weir-apply-fullnat.bpf.o', inet6: 'weir-apply-fullnat6.bpf.o' };
const PAGE = { program: 'weir_apply_flows', page: 'flow_page', bytes: FlowPage.bytes, recordBytes: FlowRecord.bytes } as const;

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

  constructor(readonly loaded: LoadedPage) {
    this.#words = new Uint32Array(loaded.page.memory);
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
    movePage(this.loaded.program);
    for (let record = 0; record < this.count; record++)
      answers[this.#indexes[record] ?? 0] = this.#words[FIRST + record * RECORD_WORDS + At.answer] ?? 0;
    this.count = 0;
  }
}

const loadFlows = (tables: Tables, family: Family, table: number): LoadedPage =>
  loadPage({ file: FILES[family], ...PAGE }, table, (object) => loadOnto(object, tables.folder, tables, mapsForFlows(family, tables)));

export class FlowPages {
  /** The table of a family has its flows by their connections. It is not there: no destination is one of FULLNAT. */
  readonly #pages: OpenPages<Family, FlowPageOf>;
  /** By the number of each of all. */
  #reserved = new Uint8Array();
  #later = new Uint8Array();

  constructor(readonly tables: Tables) {
    this.#pages = new OpenPages(
      tables,
      (family) => fullnatPin(family, 'fullnat_clients'),
      (family, table) => new FlowPageOf(loadFlows(tables, family, table)),
    );
  }

  /** So many connections may be put. The caller holds the lock until end(). */
  begin(count: number): void {
    this.#reserved = new Uint8Array(count);
    this.#later = new Uint8Array(count);
    this.#pages.begin();
  }

  /** Is there any destination of FULLNAT? */
  get isUsed(): boolean {
    return this.#pages.of('inet') !== undefined || this.#pages.of('inet6') !== undefined;
  }

  /** What was put before was put with the same step, or was run. @throws WeirError kernel-refuses-datapath, pin-missing */
  put(family: Family, index: number, step: FlowStep, fields: FlowFields): void {
    const page = this.#pages.of(family);
    if (page?.add(index, step, fields) === true) page.run(step === 'reserve' ? this.#reserved : this.#later);
  }

  run(step: FlowStep): void {
    for (const page of this.#pages.all) page.run(step === 'reserve' ? this.#reserved : this.#later);
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
    this.#pages.close();
  }
}
