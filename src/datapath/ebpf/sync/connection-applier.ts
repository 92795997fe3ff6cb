// Puts connections that another director has into the tables, a page at a time.
import type { Applied, ForeignConnection } from '../../../model/foreign-connection.js';
import type { ForeignTemplate } from '../../../model/foreign-template.js';
import { IpProtocol } from '../../../model/ip-protocol.js';
import type { Records } from '../../../sys/bpf/records.js';
import { swap16 } from '../../../wire/bytes.js';
import { Abi, Conf, Dest, Method, TcpState } from '../abi.gen.js';
import { ApplyAbi, ApplyAnswer, ApplyFlags, ApplyPage, ApplyRecord } from '../apply.gen.js';
import { movePage } from '../load/table-move.js';
import { unitsOf } from '../table/clock.js';
import { EndpointTable } from '../table/endpoint-table.js';
import { isFullnat, recordedForwarding } from '../table/forwarding-word.js';
import { packetWords } from '../table/record-address.js';
import type { Tables } from '../table/tables.js';
import { type LoadedApply, loadApply, tableKind, tableNumber } from './apply-builds.js';
import { type ApplyTarget, ApplyTargets } from './apply-target.js';
import { stateTime } from './state-time.js';

const ANSWERS: Readonly<Record<number, Applied>> = {
  [ApplyAnswer.APPLY_BUSY]: 'busy',
  [ApplyAnswer.APPLY_MADE]: 'made',
  [ApplyAnswer.APPLY_CHANGED]: 'changed',
  [ApplyAnswer.APPLY_ENDED]: 'ended',
  [ApplyAnswer.APPLY_LEFT]: 'left',
  [ApplyAnswer.APPLY_FULL]: 'full',
  [ApplyAnswer.APPLY_GONE]: 'gone',
};

/** No timer of IPVS is longer: 31 days. */
const SECONDS_MAX = 2678400;
/** A template's, where the other director does not know (the kernel's IP_VS_CONN_TIMEOUT). */
const TEMPLATE_SECONDS = 180;

type Kind = ReturnType<typeof tableKind>;

/** What has a place on the page. */
interface Placed {
  readonly index: number;
  readonly write: (page: Records, record: number) => void;
}

const upper = (flag: bigint): number => Number(flag >> 32n);

/** The upper half of its value: as the kernel's, with this director's own method. */
function stateWord({ dests }: Tables, { dest }: ApplyTarget, { protocol, state, seen }: ForeignConnection): number {
  const method = dests.get(dest, Dest.method);
  const number = protocol === IpProtocol.tcp || protocol === IpProtocol.sctp ? state : TcpState.S_UDP;
  const isAnswered = seen?.answered ?? method === Method.M_MASQ;
  const bits = (isAnswered ? 0 : upper(Abi.V_NOOUTPUT)) | (seen?.proven === true ? upper(Abi.V_PROVEN) : 0);
  return (method << (Abi.V_METHOD_SHIFT - 32)) | (number << (Abi.V_STATE_SHIFT - 32)) | bits;
}

const flagsOf = ({ late, ended, seen }: ForeignConnection): number =>
  (late ? ApplyFlags.APPLY_LATE : 0) | (ended === true ? ApplyFlags.APPLY_END : 0) | (seen === undefined ? 0 : ApplyFlags.APPLY_BITS);

const unitsIn = ({ conf }: Tables, seconds: number): number => unitsOf(Math.min(seconds, SECONDS_MAX), conf.get(0, Conf.hz));

function writeConnection(tables: Tables, target: ApplyTarget, connection: ForeignConnection, page: Records, record: number): void {
  const { client, virtual, server, protocol, state, seconds } = connection;
  page.clear(record);
  for (const [k, word] of packetWords(client.address).entries()) page.set(record, ApplyRecord.client, word, k);
  for (const [k, word] of packetWords(virtual.address).entries()) page.set(record, ApplyRecord.vaddr, word, k);
  page.set(record, ApplyRecord.port, swap16(client.port));
  page.set(record, ApplyRecord.vport, swap16(virtual.port));
  page.set(record, ApplyRecord.dport, swap16(server.port));
  page.set(record, ApplyRecord.protocol, protocol);
  page.set(record, ApplyRecord.flags, flagsOf(connection));
  page.set(record, ApplyRecord.service, target.service);
  page.set(record, ApplyRecord.dest, target.dest);
  page.set(record, ApplyRecord.state, stateWord(tables, target, connection));
  page.set(record, ApplyRecord.left, seconds === 0 ? stateTime(tables, protocol, state) : unitsIn(tables, seconds));
}

function writeTemplate(tables: Tables, target: ApplyTarget, template: ForeignTemplate, page: Records, record: number): void {
  const { client, assured, seconds, timeout } = template;
  page.clear(record);
  for (const [k, word] of packetWords(client).entries()) page.set(record, ApplyRecord.client, word, k);
  page.set(record, ApplyRecord.flags, ApplyFlags.APPLY_TEMPLATE | (assured ? ApplyFlags.APPLY_ASSURED : 0));
  page.set(record, ApplyRecord.service, target.service);
  page.set(record, ApplyRecord.dest, target.dest);
  page.set(record, ApplyRecord.state, unitsIn(tables, timeout === 0 ? TEMPLATE_SECONDS : timeout));
  page.set(record, ApplyRecord.left, unitsIn(tables, seconds === 0 ? TEMPLATE_SECONDS : seconds));
}

export class ConnectionApplier {
  readonly #loaded = new Map<Kind, LoadedApply>();

  constructor(readonly tables: Tables) {}

  /**
   * What became of each. The caller holds the lock, and no move of a table has begun and not ended.
   * @throws WeirError kernel-refuses-datapath, pin-missing
   */
  apply(connections: readonly ForeignConnection[]): readonly Applied[] {
    const targets = new ApplyTargets(this.tables, new EndpointTable(this.tables));
    return this.#applyAll(connections, (connection) => {
      const target = targets.of(connection);
      if (target === undefined) return 'unbound';
      if (isFullnat(recordedForwarding(this.tables, target.dest))) return 'unsupported';
      const kind = tableKind(connection.client.address.family, connection.protocol === IpProtocol.sctp, target.wide);
      return [kind, (page, record) => writeConnection(this.tables, target, connection, page, record)];
    });
  }

  /** As apply(), of templates. */
  applyTemplates(templates: readonly ForeignTemplate[]): readonly Applied[] {
    const targets = new ApplyTargets(this.tables, new EndpointTable(this.tables));
    return this.#applyAll(templates, (template) => {
      const target = targets.ofTemplate(template);
      if (target === undefined) return 'unbound';
      const kind = tableKind(template.client.family, false, false);
      return [kind, (page, record) => writeTemplate(this.tables, target, template, page, record)];
    });
  }

  close(): void {
    for (const loaded of this.#loaded.values()) loaded.close();
    this.#loaded.clear();
  }

  /** `place`: in which table it belongs, and how it is written; or what becomes of it without. */
  #applyAll<T>(all: readonly T[], place: (one: T) => readonly [Kind, Placed['write']] | 'unbound' | 'unsupported'): readonly Applied[] {
    const answers: Applied[] = all.map(() => 'unbound');
    const byKind = new Map<Kind, Placed[]>();
    for (const [index, one] of all.entries()) {
      const placed = place(one);
      if (typeof placed === 'string') {
        answers[index] = placed;
        continue;
      }
      const [kind, write] = placed;
      const others = byKind.get(kind);
      if (others === undefined) byKind.set(kind, [{ index, write }]);
      else others.push({ index, write });
    }
    for (const [kind, placed] of byKind) this.#applyTo(kind, placed, answers);
    return answers;
  }

  #applyTo(kind: Kind, placed: readonly Placed[], answers: Applied[]): void {
    const loaded = this.#loadedFor(kind);
    if (loaded === undefined) return; // no service made this table
    for (let from = 0; from < placed.length; from += ApplyAbi.APPLY_RECORDS)
      applyPage(loaded, placed.slice(from, from + ApplyAbi.APPLY_RECORDS), answers);
  }

  /** The table may have got another size, or have been loaded again. */
  #loadedFor(kind: Kind): LoadedApply | undefined {
    const table = tableNumber(this.tables, kind);
    const known = this.#loaded.get(kind);
    if (known !== undefined && known.table === table) return known;
    known?.close();
    this.#loaded.delete(kind);
    if (table === undefined) return undefined;
    const loaded = loadApply(this.tables, kind, table);
    this.#loaded.set(kind, loaded);
    return loaded;
  }
}

function applyPage({ page, program }: LoadedApply, placed: readonly Placed[], answers: Applied[]): void {
  for (const [k, { write }] of placed.entries()) write(page, k + 1);
  page.set(0, ApplyPage.count, placed.length);
  movePage(program);
  for (const [k, { index }] of placed.entries()) answers[index] = ANSWERS[page.get(k + 1, ApplyRecord.answer)] ?? 'busy';
}
