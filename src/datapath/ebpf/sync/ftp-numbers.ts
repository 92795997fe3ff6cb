// How the numbers of FTP's control connections are shifted, as the helper for FTP keeps it (bpf/director/ftp-abi.h): by connection, of the server's bytes
// and, by FULLNAT, of the client's; and which reply of the server's is waited for.
import { existsSync } from 'node:fs';
import { BpfMap } from '../../../sys/bpf/bpf-objects.js';
import { viewOf } from '../../../wire/bytes.js';
import type { StreamItem } from '../../../wire/sync/stream-item.js';
import { Conf, Service } from '../abi.gen.js';
import { FtpCommand, FtpKey, FtpStream } from '../ftp.gen.js';
import { FTP_LAST } from '../ftp-last.js';
import { clockDifference, unitsOf } from '../table/clock.js';
import { FTP_COMMANDS_PIN, FTP_STREAMS_PIN, type Tables } from '../table/tables.js';
import { MARGIN_SECONDS } from './apply-records.js';

/** As in an item: of what the client sends, and of what the server does, initial, delta and previous delta. */
export const NUMBERS = 6;
/** What of an item counts here. */
export type ShiftedItem = Pick<StreamItem, 'client' | 'words' | 'port' | 'sequence'> & Partial<Pick<StreamItem, 'reply'>>;
type Layout = typeof FtpStream | typeof FtpCommand;
/** Where the numbers of each way stand. */
const WAYS = [
  [FTP_COMMANDS_PIN, FtpCommand, 0],
  [FTP_STREAMS_PIN, FtpStream, 3],
] as const;

/** Of one way. */
class WayNumbers {
  readonly value: Uint8Array;
  readonly view: DataView;

  constructor(
    readonly map: BpfMap,
    readonly layout: Layout,
    /** Of the first number. */
    readonly at: number,
  ) {
    this.value = new Uint8Array(layout.bytes);
    this.view = viewOf(this.value);
  }

  read(numbers: Uint32Array): void {
    const { initSeq, delta, previousDelta } = this.layout;
    [initSeq, delta, previousDelta].forEach((field, k) => {
      numbers[this.at + k] = this.view.getUint32(field.at, true);
    });
  }

  isShifted(numbers: Uint32Array): boolean {
    return numbers[this.at + 1] !== 0 || numbers[this.at + 2] !== 0;
  }
}

/** The replies of a stream, in the order of an item. */
const repliesOf = (view: DataView): readonly number[] => [
  view.getUint8(FtpStream.armed.at),
  view.getUint8(FtpStream.replied.at),
  view.getUint32(FtpStream.replySeq.at, true),
];

/** Is a number of TCP behind another one? */
const isBehind = (number: number, other: number): boolean => ((number - other) | 0) > 0;

/** Which of two states of a session's replies is later: by the server's numbers of the last one, then the one that waits for another. 0: they do not differ. */
function compareReplies(one: ArrayLike<number>, other: ArrayLike<number>): number {
  const [hasOne, hasOther] = [one[1] !== 0, other[1] !== 0];
  if (hasOne !== hasOther) return hasOne ? 1 : -1;
  if (hasOne && one[2] !== other[2]) return isBehind(one[2] ?? 0, other[2] ?? 0) ? 1 : -1;
  if (one[0] === other[0]) return 0;
  return one[0] !== 0 ? 1 : -1;
}

/** As #takeShifts(). `reply`: absent: it is not known. */
function takeReply(view: DataView, reply: Uint32Array | undefined, has: boolean, later: number, margin: number): boolean {
  if (reply === undefined) return false;
  const here = repliesOf(view);
  const order = compareReplies(reply, here);
  const isOver = reply[1] === here[1] && reply[2] === here[2] && later < -margin; // a command that asks for none came later
  if (order === 0 || (has && order < 0 && !isOver)) return false;
  const [waited = 0, last = 0, at = 0] = reply;
  view.setUint8(FtpStream.armed.at, waited);
  view.setUint8(FtpStream.replied.at, last);
  view.setUint32(FtpStream.replySeq.at, at, true);
  // what the other director has passed on is behind the last line here
  view.setUint8(FtpStream.lines.at, FTP_LAST.unknown);
  return true;
}

export class FtpNumbers {
  /** As in an item, of what readByKey() has read last. */
  readonly reply = new Uint32Array(3);
  #ways: readonly WayNumbers[] | undefined;
  readonly key = new Uint8Array(FtpKey.bytes);
  readonly #words = new Uint32Array(this.key.buffer);
  readonly #view = viewOf(this.key);
  readonly #numbers = new Uint32Array(NUMBERS);

  constructor(readonly tables: Tables) {}

  /** None: the helper was never loaded. */
  get ways(): readonly WayNumbers[] {
    const known = this.#ways;
    if (known !== undefined) return known;
    const { folder } = this.tables;
    if (!existsSync(`${folder}/${FTP_STREAMS_PIN}`) || !existsSync(`${folder}/${FTP_COMMANDS_PIN}`)) return [];
    this.#ways = WAYS.map(([pin, layout, at]) => new WayNumbers(BpfMap.pinned(`${folder}/${pin}`), layout, at));
    return this.#ways;
  }

  close(): void {
    for (const { map } of this.#ways ?? []) map.close();
    this.#ways = undefined;
  }

  /** Of a connection of this service. True: `into` has how they are shifted. */
  read({ client, words, port }: Pick<StreamItem, 'client' | 'words' | 'port'>, service: number, into: Uint32Array): boolean {
    this.#keyOf(client, words, port, service);
    return this.readByKey(into);
  }

  /** As read(), of `key`. */
  readByKey(into: Uint32Array): boolean {
    into.fill(0);
    this.reply.fill(0);
    let isShifted = false;
    for (const way of this.ways) {
      if (!way.map.lookup(this.key, way.value)) continue;
      way.read(into);
      if (way.layout === FtpStream) this.reply.set(repliesOf(way.view));
      isShifted ||= way.isShifted(into);
    }
    return isShifted;
  }

  /**
   * Those of a connection that came from elsewhere, until this time of the datapath's clock. `made`: what is here is another one's; else numbers that were
   * shifted further stay, and what the helper here knows of lines, which goes by the server's own numbers. What is the same is not written, since a packet may
   * write meanwhile. @throws SystemError E2BIG: there is no room
   */
  store(item: ShiftedItem, service: number, until: number, made: boolean): void {
    this.#keyOf(item.client, item.words, item.port, service);
    const margin = unitsOf(MARGIN_SECONDS, this.tables.conf.get(0, Conf.hz));
    for (const way of this.ways) {
      const { layout, map, value, view } = way;
      const isFound = map.lookup(this.key, value);
      const has = isFound && !made;
      if (!has) value.fill(0);
      const later = has ? clockDifference(view.getUint32(layout.until.at, true), until) : -1;
      const isShifted = this.#takeShifts(way, item.sequence, has, later);
      const isReplied = layout === FtpStream && takeReply(view, item.reply, has, later, margin);
      if (isShifted || isReplied) {
        view.setUint32(layout.until.at, until, true);
        map.update(this.key, value);
      } else if (isFound && made) map.delete(this.key);
    }
  }

  /** `later`: how much longer what is here lives, clock units. True: it is to be written. */
  #takeShifts(way: WayNumbers, sequence: Uint32Array, has: boolean, later: number): boolean {
    if (!way.isShifted(sequence)) return false;
    const { layout, at, view } = way;
    way.read(this.#numbers);
    const [first, here] = [sequence[at] ?? 0, this.#numbers[at] ?? 0];
    if (has && way.isShifted(this.#numbers) && (isBehind(here, first) || (here === first && later >= 0))) return false;
    view.setUint32(layout.initSeq.at, first, true);
    view.setUint32(layout.delta.at, sequence[at + 1] ?? 0, true);
    view.setUint32(layout.previousDelta.at, sequence[at + 2] ?? 0, true);
    return true;
  }

  /** Those of a connection that has ended. */
  forget({ client, words, port }: StreamItem, service: number): void {
    this.#keyOf(client, words, port, service);
    for (const { map } of this.ways) map.delete(this.key);
  }

  #keyOf(client: Uint32Array, words: number, port: number, service: number): void {
    const { services } = this.tables;
    const { caddr, vaddr, cport, vport, service: serviceAt } = FtpKey;
    for (let k = 0; k < caddr.count; k++) {
      this.#words[caddr.at / 4 + k] = k < words ? (client[k] ?? 0) : 0;
      this.#words[vaddr.at / 4 + k] = k < words ? services.get(service, Service.addr, k) : 0;
    }
    this.#view.setUint16(cport.at, port);
    this.#view.setUint16(vport.at, services.get(service, Service.port), true);
    this.#words[serviceAt.at / 4] = service;
  }
}
