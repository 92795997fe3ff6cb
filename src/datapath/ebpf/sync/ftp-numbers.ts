// How the numbers of FTP's control connections are shifted, as the helper for FTP keeps it (bpf/director/ftp-abi.h): by connection, of the server's bytes
// and, by FULLNAT, of the client's.
import { existsSync } from 'node:fs';
import { BpfMap } from '../../../sys/bpf/bpf-objects.js';
import { viewOf } from '../../../wire/bytes.js';
import type { StreamItem } from '../../../wire/stream-item.js';
import { Service } from '../abi.gen.js';
import { FtpCommand, FtpKey, FtpStream } from '../ftp.gen.js';
import { clockDifference } from '../table/clock.js';
import { FTP_COMMANDS_PIN, FTP_STREAMS_PIN, type Tables } from '../table/tables.js';

/** As in an item: of what the client sends, and of what the server does, initial, delta and previous delta. */
export const NUMBERS = 6;
/** What of an item counts here. */
export type ShiftedItem = Pick<StreamItem, 'client' | 'words' | 'port' | 'sequence'>;
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

/** Is a number of TCP behind another one? */
const isBehind = (number: number, other: number): boolean => ((number - other) | 0) > 0;

export class FtpNumbers {
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
    let isShifted = false;
    for (const way of this.ways) {
      if (!way.map.lookup(this.key, way.value)) continue;
      way.read(into);
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
    for (const way of this.ways) {
      const { layout, at, value, view } = way;
      const has = way.map.lookup(this.key, value);
      if (!way.isShifted(item.sequence)) {
        if (has && made) way.map.delete(this.key);
        continue;
      }
      way.read(this.#numbers);
      const first = item.sequence[at] ?? 0;
      const isShifted = has && way.isShifted(this.#numbers);
      const here = this.#numbers[at] ?? 0;
      const livesHere = clockDifference(view.getUint32(layout.until.at, true), until) >= 0;
      if (!made && isShifted && (isBehind(here, first) || (here === first && livesHere))) continue;
      if (!has || made) value.fill(0);
      view.setUint32(layout.initSeq.at, first, true);
      view.setUint32(layout.delta.at, item.sequence[at + 1] ?? 0, true);
      view.setUint32(layout.previousDelta.at, item.sequence[at + 2] ?? 0, true);
      view.setUint32(layout.until.at, until, true);
      way.map.update(this.key, value);
    }
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
