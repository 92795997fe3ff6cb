// What is new among this director's connections, for whoever reports them to another one. It reads the tables alone, and takes no lock.
import { IpProtocol } from '../../../model/ip-protocol.js';
import { hasCode, unlessCode } from '../../../sys/errno.js';
import { Abi, Conf, Service, TcpState, WeirState } from '../abi.gen.js';
import { clockDifference, clockNow, secondsOf, unitsOf } from '../table/clock.js';
import { destOf, VALUE_WORD } from '../table/living-slots.js';
import { SCTP_PINS, SCTP6_PINS, Tables, WIDE_SCTP_PINS, WIDE_SCTP6_PINS } from '../table/tables.js';
import type { Place } from './apply-page.js';
import { MARGIN_SECONDS } from './apply-records.js';
import { type NewsTo, ownNews } from './own-news.js';
import { isOwnSince } from './own-since.js';
import type { ScanMoment } from './scan-moment.js';
import type { SeenSlot } from './seen-slot.js';
import type { SlotNews } from './slot-news.js';
import { stateTime } from './state-time.js';
import type { TableNewsTo } from './table-news.js';
import { TableScan } from './table-scan.js';
import { TemplateScan } from './template-scan.js';

const SCTP_TABLES: ReadonlySet<string> = new Set([SCTP_PINS, SCTP6_PINS, WIDE_SCTP_PINS, WIDE_SCTP6_PINS].map(({ conns }) => conns));
const STATE_SHIFT = Abi.V_STATE_SHIFT - 32;
const STATE_MASK = 15;

/** Of a connection in the table with this pin. `high`: of its value. */
function protocolOf(pin: string, high: number): number {
  if (SCTP_TABLES.has(pin)) return IpProtocol.sctp;
  return ((high >>> STATE_SHIFT) & STATE_MASK) === TcpState.S_UDP ? IpProtocol.udp : IpProtocol.tcp;
}

/** Each bucket of the connection tables is looked at so often, whether it has changed or not. */
const PASS_SECONDS = 1;

/** What net.ipv4.vs.sync_… asks for. */
export interface SyncWishes {
  readonly version: 0 | 1;
  /** Seconds; 0: connections are reported again only before they are forgotten elsewhere. */
  readonly refresh: number;
  /** Not those that have a template: another director makes them from that. */
  readonly withoutPersistent: boolean;
}

export class ConnectionNews {
  readonly #tables: Tables;
  readonly #scan: TableScan;
  readonly #templates: TemplateScan;
  /** Clock units. */
  readonly #margin: number;
  #isAtEnd = true;
  #hasTemplatesLeft = false;
  #lost = 0;

  /** `folder`: of the pins. `wishes`: instead of those of the tables. @throws SystemError ENOENT: nothing is loaded */
  constructor(
    folder: string,
    readonly ownWishes?: SyncWishes,
  ) {
    this.#tables = Tables.readable(folder);
    this.#scan = new TableScan(this.#tables);
    this.#templates = new TemplateScan(this.#tables);
    this.#tables.mapAll();
    this.#margin = unitsOf(MARGIN_SECONDS, this.#tables.conf.get(0, Conf.hz));
  }

  /** undefined: nothing is loaded, or it is being unloaded at this moment. */
  static present(folder: string | undefined, ownWishes?: SyncWishes): ConnectionNews | undefined {
    const news = folder === undefined ? undefined : unlessCode(() => new ConnectionNews(folder, ownWishes), ['ENOENT'], undefined);
    return news?.isPresent === true ? news : undefined;
  }

  /** What it reads. */
  get tables(): Tables {
    return this.#tables;
  }

  /** False: the datapath was unloaded, and what is read here means nothing any more. */
  get isPresent(): boolean {
    return this.#tables.conf.get(0, Conf.magic) === Abi.WEIR_MAGIC;
  }

  /** Connections and templates of other directors that were found to be gone here before their time. */
  get lost(): number {
    return this.#lost;
  }

  /** undefined: the pins go meanwhile. */
  whilePresent<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (hasCode(error, 'ENOENT') && !this.isPresent) return undefined;
      throw error;
    }
  }

  get wishes(): SyncWishes {
    if (this.ownWishes !== undefined) return this.ownWishes;
    const { conf } = this.#tables;
    return {
      version: conf.get(0, Conf.syncVersion) === 0 ? 0 : 1,
      refresh: conf.get(0, Conf.syncRefreshPeriod),
      withoutPersistent: conf.get(0, Conf.syncPersistMode) !== 0,
    };
  }

  /** As scan(), each as another director can know it. */
  look(buckets: number, to: NewsTo): boolean {
    return this.scan(buckets, ownNews(this.#tables, this.wishes.withoutPersistent, to));
  }

  /**
   * Looks at so many buckets more, of all tables in turn, templates first: without theirs, connections that follow would go elsewhere. False: the round is
   * over, and the next call begins another one.
   */
  scan(buckets: number, to: TableNewsTo): boolean {
    const { conf } = this.#tables;
    const now = clockNow(conf);
    if (this.#isAtEnd) {
      this.begin();
      this.#hasTemplatesLeft = conf.get(0, Conf.templatesLive) > 0;
    }
    const moment = { now, refresh: unitsOf(this.wishes.refresh, conf.get(0, Conf.hz)) };
    if (this.#hasTemplatesLeft) this.#hasTemplatesLeft = this.#lookAtTemplates(buckets, moment, to);
    const more = this.#hasTemplatesLeft || this.#lookAtConnections(buckets, moment, to);
    this.#isAtEnd = !more;
    return more;
  }

  /** Begins a round. Before the first one: what it needs memory for is there then. */
  begin(): void {
    const { conf } = this.#tables;
    this.#scan.begin(clockNow(conf), unitsOf(PASS_SECONDS, conf.get(0, Conf.hz)));
    this.#templates.begin();
  }

  #lookAtTemplates(slots: number, moment: ScanMoment, { template, ended }: TableNewsTo): boolean {
    const { now } = moment;
    return this.#templates.look(slots, moment, {
      found: (taken, where) => template(taken, where, now),
      ...(ended && {
        ended: (taken, where) => {
          if (this.#isServed(taken.service)) ended.template(taken, where, now);
        },
        lost: ({ service }) => {
          if (this.#isServed(service)) this.#lost += 1;
        },
      }),
    });
  }

  #lookAtConnections(buckets: number, moment: ScanMoment, { connection, ended }: TableNewsTo): boolean {
    const { now } = moment;
    return this.#scan.look(buckets, moment, {
      found: (slot) => connection(slot, now),
      ...(ended && {
        ended: (slot) => {
          if (this.#isServed(slot.service)) ended.connection(slot, now);
        },
        lost: () => {
          this.#lost += 1;
        },
      }),
    });
  }

  /** The record of a service that is gone may be another one's: then what ended is not known, and whoever has it has lost the service, too. */
  #isServed(service: number): boolean {
    return this.#tables.services.get(service, Service.state) === WeirState.LIVE;
  }

  #slotsOf({ pin, slot }: Place): SlotNews | undefined {
    const slots = this.#scan.slotsOf(pin) ?? this.#templates.slotsOf(pin);
    return slots === undefined || slot >= slots.count ? undefined : slots;
  }

  /** As #slotsOf, if it is still there. */
  #there(place: Place): SlotNews | undefined {
    const slots = this.#slotsOf(place);
    return slots?.hasKey(slots.at(place.slot), place.keyLow, place.keyHigh) ? slots : undefined;
  }

  /** Slots of connections of the table with this pin, for which known() or foreign() is about to be called. */
  ahead(pin: string, slots: Uint32Array, count: number): void {
    this.#scan.ahead(pin, slots, count);
  }

  /** The other director has it, since it sent it: to that one it is not news. `isMade`: it was not here before. */
  known(place: Place, isMade: boolean): void {
    const slots = this.#there(place);
    if (slots === undefined) return;
    const at = slots.at(place.slot);
    const isAsSent = slots.sent(at, place.keyLow, place.keyHigh, place.high, place.expires, this.#margin, place.isShorter);
    if (isMade && isAsSent && !place.isTemplate) this.#scan.expect(slots, at);
  }

  /** Yet another one sent it: if it ends here without a packet, that is no news. */
  foreign(place: Place): void {
    const slots = this.#there(place);
    slots?.foreign(slots.at(place.slot), place.expires, this.#margin);
  }

  /** Another director has ended it: that is news. */
  ended(place: Place): void {
    const slots = this.#slotsOf(place);
    slots?.foreignEnd(slots.at(place.slot));
  }

  /** As SlotNews.renew, in the table with this pin. */
  renew(pin: string, hash: number, keyLow: number, keyHigh: number): void {
    this.#scan.slotsOf(pin)?.renew(hash, keyLow, keyHigh);
  }

  /** As SlotNews.isSent. */
  isSent(place: Place): 'last' | 'again' | undefined {
    const slots = this.#there(place);
    return slots?.isSent(slots.at(place.slot));
  }

  /** What was just made was here, had no packet later, and has ended since the last look. */
  hasEndedUnseen({ pin, slot, keyLow, keyHigh, dest, high, idle }: Place): boolean {
    const slots = this.#scan.slotsOf(pin);
    if (slots === undefined || slot >= slots.count) return false;
    const at = slots.ownBefore(slots.at(slot), keyLow, keyHigh);
    if (at < 0) return false;
    const { conf } = this.#tables;
    const before = slots.copy[at + VALUE_WORD + 1] ?? 0;
    if (destOf(before) !== dest) return false;
    const time = stateTime(this.#tables, protocolOf(pin, high), (before >>> STATE_SHIFT) & STATE_MASK);
    const idleBefore = time - clockDifference(slots.seenUntil(at), clockNow(conf));
    return idle >= idleBefore - (this.#margin >> 1);
  }

  /** A session with the peer begins, from which on it is known what it has sent. */
  beginNaming(): void {
    for (const slots of this.#all) slots.beginNaming();
  }

  /** The peer has sent it, and it is newer here. */
  named(place: Place): void {
    const slots = this.#there(place);
    slots?.named(slots.at(place.slot));
  }

  /** Connections that came from the peer, had no packet here since, and have not been sent in this session. */
  lookForUnnamed(to: (slot: SeenSlot, now: number) => void): void {
    const now = clockNow(this.#tables.conf);
    this.#scan.lookForUnnamed((slot) => to(slot, now));
  }

  /** What the peer has ended, and has not reported: neither is it reported to the peer. */
  unnamedEnded(place: Place): void {
    const slots = this.#slotsOf(place);
    slots?.forgetSlot(slots.at(place.slot));
  }

  /** As SlotNews.isForeign. */
  isForeign(place: Place): boolean {
    const slots = this.#there(place);
    return slots?.isForeign(slots.at(place.slot)) ?? false;
  }

  /** Had this director its last packet, since this process began? Of a connection. */
  isOwn(place: Place): boolean {
    const slots = this.#there(place);
    const at = slots?.at(place.slot) ?? 0;
    return (
      slots !== undefined &&
      !slots.isForeign(at) &&
      isOwnSince(secondsOf(this.#idleAt(slots, at, place.pin), this.#tables.conf.get(0, Conf.hz)))
    );
  }

  /** Clock units since the last packet of what is there. */
  #idleAt({ words }: SlotNews, at: number, pin: string): number {
    const [expires = 0, high = 0] = [words[at + VALUE_WORD], words[at + VALUE_WORD + 1]];
    const time = stateTime(this.#tables, protocolOf(pin, high), (high >>> STATE_SHIFT) & STATE_MASK);
    return time - clockDifference(expires, clockNow(this.#tables.conf));
  }

  /** As SlotNews.contest. */
  contest(place: Place): boolean {
    const slots = this.#there(place);
    return slots?.contest(slots.at(place.slot)) ?? false;
  }

  /** What was refused elsewhere is news again. How much of it there was. */
  forgetRefused(): number {
    const count = this.#all.reduce((sum, slots) => sum + slots.forgetRefused(), 0);
    if (count > 0) this.#scan.forget();
    return count;
  }

  /** All of it is news again, from a round that begins now. */
  forget(): void {
    this.#isAtEnd = true;
    this.#scan.forget();
    for (const slots of this.#all) slots.forget();
  }

  /** As SlotNews.keepForeign. */
  keepForeign(): void {
    for (const slots of this.#scan.all) slots.keepForeign();
  }

  get #all(): readonly SlotNews[] {
    return [...this.#scan.all, ...this.#templates.all];
  }
}
