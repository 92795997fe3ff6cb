// Puts connections that another director has into the tables, a page at a time.
import type { Applied, ForeignConnection, Rivalry } from '../../../model/foreign-connection.js';
import type { ForeignTemplate } from '../../../model/foreign-template.js';
import { IpProtocol } from '../../../model/ip-protocol.js';
import type { Records } from '../../../sys/bpf/records.js';
import { swap16 } from '../../../wire/bytes.js';
import { Abi, Conf, Dest, Method, TcpState } from '../abi.gen.js';
import { ApplyAbi, ApplyAnswer, ApplyFlags, ApplyPage, ApplyRecord } from '../apply.gen.js';
import { movePage } from '../load/table-move.js';
import { clockNow, unitsOf } from '../table/clock.js';
import { EndpointTable } from '../table/endpoint-table.js';
import { isFullnat, recordedForwarding } from '../table/forwarding-word.js';
import { packetWords } from '../table/record-address.js';
import type { Tables } from '../table/tables.js';
import { TemplateAbi } from '../template.gen.js';
import { connectionsPin, type LoadedApply, loadApply, tableKind, tableNumber, templatesPin } from './apply-builds.js';
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
  [ApplyAnswer.APPLY_NEWER]: 'newer',
};

/** No timer of IPVS is longer: 31 days. */
const SECONDS_MAX = 2678400;
/** A template's, where the other director does not know (the kernel's IP_VS_CONN_TIMEOUT). */
const TEMPLATE_SECONDS = 180;

/** Where what is here is known to have come from the other director, or both claim to know better. */
const CLOSE_SECONDS = 0.4;
/** Last packets closer than this cannot be distinguished: clocks of directors are compared by messages, and tables count in hundredths. */
const MARGIN_SECONDS = 0.1;

type Kind = ReturnType<typeof tableKind>;

/** Where something is that was made or changed: the pin of its table, and its slot there. */
export interface Place {
  readonly pin: string;
  readonly slot: number;
  readonly key: bigint;
  /** What the other director has of it: the upper half of the value that it would have here, and until when, by the clock here. */
  readonly high: number;
  readonly expires: number;
}

/**
 * `placed`: gets the place of what was made, changed or ended, and which of all it is. `newer`: likewise of what is newer here; whether it is applied
 * nevertheless: always, or where its last packet was not much earlier.
 */
export interface ApplyOptions {
  readonly rivalry?: Rivalry;
  readonly placed?: (index: number, place: Place, answer: 'made' | 'changed' | 'ended') => void;
  readonly newer?: (index: number, place: Place) => 'always' | 'close' | undefined;
}

const UNRIVALLED: Rivalry = { wins: false, fresh: Number.POSITIVE_INFINITY };

/** What gets a record of the page. */
interface Waiting {
  readonly index: number;
  /** It was newer here, and is applied nevertheless. */
  readonly again?: 'always' | 'close';
  readonly write: (page: Records, record: number) => void;
}

type Done = (one: Waiting, answer: Applied, place: () => Place) => void;

const upper = (flag: bigint): number => Number(flag >> 32n);

/** The upper half of its value: as the kernel's, with this director's own method. */
function stateWord({ dests }: Tables, { dest }: ApplyTarget, { protocol, state, seen }: ForeignConnection): number {
  const method = dests.get(dest, Dest.method);
  const number = protocol === IpProtocol.tcp || protocol === IpProtocol.sctp ? state : TcpState.S_UDP;
  const isAnswered = seen?.answered ?? method === Method.M_MASQ;
  const bits = (isAnswered ? 0 : upper(Abi.V_NOOUTPUT)) | (seen?.proven === true ? upper(Abi.V_PROVEN) : 0);
  return (method << (Abi.V_METHOD_SHIFT - 32)) | (number << (Abi.V_STATE_SHIFT - 32)) | bits;
}

const flagsOf = ({ late, seen }: ForeignConnection): number =>
  (late ? ApplyFlags.APPLY_LATE : 0) | (seen === undefined ? 0 : ApplyFlags.APPLY_BITS);

const unitsIn = ({ conf }: Tables, seconds: number): number => unitsOf(Math.min(seconds, SECONDS_MAX), conf.get(0, Conf.hz));

/** What is the same of both: whether it has ended, and when its last packet was. `flags`: of its kind. */
function writeRest(
  tables: Tables,
  { ended, idle }: Pick<ForeignConnection, 'ended' | 'idle'>,
  { wins, fresh }: Rivalry,
  flags: number,
  page: Records,
  record: number,
): void {
  const isRival = idle !== undefined;
  const rival = (isRival ? ApplyFlags.APPLY_RIVAL : 0) | (isRival && wins ? ApplyFlags.APPLY_WINS : 0);
  page.set(record, ApplyRecord.flags, flags | rival | (ended === true ? ApplyFlags.APPLY_END : 0));
  page.set(record, ApplyRecord.idle, isRival ? unitsIn(tables, idle) : 0);
  page.set(record, ApplyRecord.fresh, unitsIn(tables, fresh));
}

/**
 * When the last packet of what is here was, the program knows from its time and its state's: so its time must be as exact. `left`: in whole seconds, less than
 * `exact` only where the other director's times are shorter.
 */
const leftOf = (tables: Tables, left: number, exact: number): number => Math.max(0, Math.min(left + unitsIn(tables, 1), exact));

function writeConnection(
  tables: Tables,
  target: ApplyTarget,
  connection: ForeignConnection,
  rivalry: Rivalry,
  page: Records,
  record: number,
): void {
  const { client, virtual, server, protocol, state, seconds, idle } = connection;
  page.clear(record);
  writeRest(tables, connection, rivalry, flagsOf(connection), page, record);
  for (const [k, word] of packetWords(client.address).entries()) page.set(record, ApplyRecord.client, word, k);
  for (const [k, word] of packetWords(virtual.address).entries()) page.set(record, ApplyRecord.vaddr, word, k);
  page.set(record, ApplyRecord.port, swap16(client.port));
  page.set(record, ApplyRecord.vport, swap16(virtual.port));
  page.set(record, ApplyRecord.dport, swap16(server.port));
  page.set(record, ApplyRecord.protocol, protocol);
  page.set(record, ApplyRecord.service, target.service);
  page.set(record, ApplyRecord.dest, target.dest);
  page.set(record, ApplyRecord.state, stateWord(tables, target, connection));
  const most = stateTime(tables, protocol, state);
  const left = seconds === 0 ? most : unitsIn(tables, seconds);
  page.set(record, ApplyRecord.left, idle === undefined ? left : leftOf(tables, left, most - unitsIn(tables, idle)));
}

function writeTemplate(
  tables: Tables,
  target: ApplyTarget,
  template: ForeignTemplate,
  rivalry: Rivalry,
  page: Records,
  record: number,
): void {
  const { client, assured, seconds, timeout } = template;
  page.clear(record);
  for (const [k, word] of packetWords(client).entries()) page.set(record, ApplyRecord.client, word, k);
  writeRest(tables, template, rivalry, ApplyFlags.APPLY_TEMPLATE | (assured ? ApplyFlags.APPLY_ASSURED : 0), page, record);
  page.set(record, ApplyRecord.service, target.service);
  page.set(record, ApplyRecord.dest, target.dest);
  page.set(record, ApplyRecord.state, unitsIn(tables, timeout === 0 ? TEMPLATE_SECONDS : timeout));
  page.set(record, ApplyRecord.left, unitsIn(tables, seconds === 0 ? TEMPLATE_SECONDS : seconds));
}

export class ConnectionApplier {
  readonly #loaded = new Map<Kind, LoadedApply>();

  constructor(readonly tables: Tables) {}

  /**
   * What became of each. `rivalry`: for those with a time of their last packet. The caller holds the lock, and no move of a table has begun and not ended.
   * @throws WeirError kernel-refuses-datapath, pin-missing
   */
  apply(connections: readonly ForeignConnection[], options: ApplyOptions = {}): readonly Applied[] {
    const targets = new ApplyTargets(this.tables, new EndpointTable(this.tables));
    return this.#applyAll(connections, options, (connection) => {
      const target = targets.of(connection);
      if (target === undefined) return 'unbound';
      if (isFullnat(recordedForwarding(this.tables, target.dest))) return 'unsupported';
      const kind = tableKind(connection.client.address.family, connection.protocol === IpProtocol.sctp, target.wide);
      return [kind, (page, record) => writeConnection(this.tables, target, connection, options.rivalry ?? UNRIVALLED, page, record)];
    });
  }

  /** As apply(), of templates. */
  applyTemplates(templates: readonly ForeignTemplate[], options: ApplyOptions = {}): readonly Applied[] {
    const targets = new ApplyTargets(this.tables, new EndpointTable(this.tables));
    return this.#applyAll(templates, options, (template) => {
      const target = targets.ofTemplate(template);
      if (target === undefined) return 'unbound';
      const kind = tableKind(template.client.family, false, false);
      return [kind, (page, record) => writeTemplate(this.tables, target, template, options.rivalry ?? UNRIVALLED, page, record)];
    });
  }

  close(): void {
    for (const loaded of this.#loaded.values()) loaded.close();
    this.#loaded.clear();
  }

  /** `place`: in which table it belongs, and how it is written; or what becomes of it without. */
  #applyAll<T>(
    all: readonly T[],
    { placed, newer }: ApplyOptions,
    place: (one: T) => readonly [Kind, Waiting['write']] | 'unbound' | 'unsupported',
  ): readonly Applied[] {
    const answers: Applied[] = all.map(() => 'unbound');
    const byKind = new Map<Kind, Waiting[]>();
    for (const [index, one] of all.entries()) {
      const target = place(one);
      if (typeof target === 'string') {
        answers[index] = target;
        continue;
      }
      const [kind, write] = target;
      const others = byKind.get(kind);
      if (others === undefined) byKind.set(kind, [{ index, write }]);
      else others.push({ index, write });
    }
    for (const [kind, waiting] of byKind) {
      const again: Waiting[] = [];
      const done: Done = ({ index }, answer, at) => {
        answers[index] = answer;
        if (answer === 'made' || answer === 'changed' || answer === 'ended') placed?.(index, at(), answer);
      };
      this.#applyTo(kind, waiting, MARGIN_SECONDS, (one, answer, at) => {
        const nevertheless = answer === 'newer' ? newer?.(one.index, at()) : undefined;
        if (nevertheless !== undefined) again.push({ ...one, again: nevertheless });
        done(one, answer, at);
      });
      if (again.length > 0) this.#applyTo(kind, again, CLOSE_SECONDS, done);
    }
    return answers;
  }

  #applyTo(kind: Kind, waiting: readonly Waiting[], marginSeconds: number, done: Done): void {
    const loaded = this.#loadedFor(kind);
    if (loaded === undefined) return; // no service made this table
    loaded.page.set(0, ApplyPage.margin, unitsIn(this.tables, marginSeconds));
    for (let from = 0; from < waiting.length; from += ApplyAbi.APPLY_RECORDS)
      applyPage(loaded, kind, waiting.slice(from, from + ApplyAbi.APPLY_RECORDS), clockNow(this.tables.conf), done);
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

function applyPage({ page, program }: LoadedApply, kind: Kind, waiting: readonly Waiting[], now: number, done: Done): void {
  for (const [k, { write, again }] of waiting.entries()) {
    write(page, k + 1);
    const flags = page.get(k + 1, ApplyRecord.flags);
    if (again === 'always') page.set(k + 1, ApplyRecord.flags, flags & ~ApplyFlags.APPLY_RIVAL);
    if (again === 'close') page.set(k + 1, ApplyRecord.flags, flags | ApplyFlags.APPLY_WINS);
  }
  page.set(0, ApplyPage.count, waiting.length);
  movePage(program);
  for (const [k, one] of waiting.entries())
    done(one, ANSWERS[page.get(k + 1, ApplyRecord.answer)] ?? 'busy', () => placeOf(page, kind, k + 1, now));
}

function placeOf(page: Records, kind: Kind, record: number, now: number): Place {
  const flags = page.get(record, ApplyRecord.flags);
  const isTemplate = (flags & ApplyFlags.APPLY_TEMPLATE) !== 0;
  const assured = (flags & ApplyFlags.APPLY_ASSURED) === 0 ? 0 : upper(BigInt(TemplateAbi.T_ASSURED));
  return {
    pin: isTemplate ? templatesPin(kind) : connectionsPin(kind),
    slot: page.get(record, ApplyRecord.slot),
    key: page.big(record, ApplyRecord.key),
    high: page.get(record, ApplyRecord.dest) | (isTemplate ? assured : page.get(record, ApplyRecord.state)),
    expires: (now + page.get(record, ApplyRecord.left)) >>> 0,
  };
}
