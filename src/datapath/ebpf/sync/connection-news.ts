// What is new among this director's connections, for whoever reports them to another one. It reads the tables alone, and takes no lock.
import type { ForeignConnection } from '../../../model/foreign-connection.js';
import type { ForeignTemplate } from '../../../model/foreign-template.js';
import { Abi, Conf, Service, WeirState } from '../abi.gen.js';
import { clockNow, unitsOf } from '../table/clock.js';
import type { SlotConnection } from '../table/living-slots.js';
import { Tables } from '../table/tables.js';
import type { TakenTemplate } from '../table/templates.js';
import { TemplateAbi } from '../template.gen.js';
import type { Place } from './connection-applier.js';
import { connectionIdle, ownConnection } from './own-connections.js';
import { ownTemplate, templateIdle } from './own-templates.js';
import type { ScanMoment, SlotKey, SlotNews } from './slot-news.js';
import { type ReportedAt, TableScan } from './table-scan.js';
import { TemplateScan } from './template-scan.js';

/** What net.ipv4.vs.sync_… asks for. */
export interface SyncWishes {
  readonly version: 0 | 1;
  /** Seconds; 0: connections are reported again only before they are forgotten elsewhere. */
  readonly refresh: number;
  /** Not those that have a template: another director makes them from that. */
  readonly withoutPersistent: boolean;
}

/** Of what is reported. `service`, `dest`: its records. */
export interface Reported {
  readonly service: number;
  readonly dest: number;
  /** Seconds since its last packet, or a template's last use. */
  readonly idle: number;
}

export interface NewsTo {
  readonly connection: (connection: ForeignConnection, reported: Reported, where: ReportedAt) => void;
  readonly template: (template: ForeignTemplate, reported: Reported, where: ReportedAt) => void;
  /** Of what was reported and has ended before its time, as it was then. Absent: it is not asked for. */
  readonly ended?: {
    readonly connection: (connection: ForeignConnection, reported: Reported) => void;
    readonly template: (template: ForeignTemplate, reported: Reported) => void;
  };
}

export class ConnectionNews {
  readonly #tables: Tables;
  readonly #scan: TableScan;
  readonly #templates: TemplateScan;
  #isAtEnd = true;
  #hasTemplatesLeft = false;

  /** `folder`: of the pins. `wishes`: instead of those of the tables. @throws SystemError ENOENT: nothing is loaded */
  constructor(
    folder: string,
    readonly ownWishes?: SyncWishes,
  ) {
    this.#tables = Tables.readable(folder);
    this.#scan = new TableScan(this.#tables);
    this.#templates = new TemplateScan(this.#tables);
    this.#tables.mapAll();
  }

  /** What it reads. */
  get tables(): Tables {
    return this.#tables;
  }

  /** False: the datapath was unloaded, and what is read here means nothing any more. */
  get isPresent(): boolean {
    return this.#tables.conf.get(0, Conf.magic) === Abi.WEIR_MAGIC;
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

  /**
   * Looks at so many buckets more, of all tables in turn, templates first: without theirs, connections that follow would go elsewhere. False: the round is
   * over, and the next call begins another one.
   */
  look(buckets: number, to: NewsTo): boolean {
    const { conf } = this.#tables;
    if (this.#isAtEnd) {
      this.#scan.begin();
      this.#templates.begin();
      this.#hasTemplatesLeft = conf.get(0, Conf.templatesLive) > 0;
    }
    const now = clockNow(conf);
    const moment = { now, refresh: unitsOf(this.wishes.refresh, conf.get(0, Conf.hz)) };
    if (this.#hasTemplatesLeft) this.#hasTemplatesLeft = this.#lookAtTemplates(buckets, moment, to);
    const more = this.#hasTemplatesLeft || this.#lookAtConnections(buckets, moment, to);
    this.#isAtEnd = !more;
    return more;
  }

  #lookAtTemplates(slots: number, moment: ScanMoment, { template: report, ended }: NewsTo): boolean {
    const { now } = moment;
    const reportedOf = (taken: TakenTemplate): Reported => ({
      service: taken.service,
      dest: taken.dest,
      idle: templateIdle(this.#tables, now, taken),
    });
    return this.#templates.look(slots, moment, {
      found: (taken, where) => {
        const template = ownTemplate(this.#tables, now, taken);
        if (template !== undefined) report(template, reportedOf(taken), where);
      },
      ...(ended && {
        ended: (taken) => {
          const template = this.#isServed(taken) ? ownTemplate(this.#tables, now, taken) : undefined;
          if (template !== undefined) ended.template(template, reportedOf(taken));
        },
      }),
    });
  }

  #lookAtConnections(buckets: number, moment: ScanMoment, { connection: report, ended }: NewsTo): boolean {
    const { services } = this.#tables;
    const { now } = moment;
    const { withoutPersistent } = this.wishes;
    const reportedOf = (slot: SlotConnection): Reported => ({
      service: slot.service,
      dest: slot.dest,
      idle: connectionIdle(this.#tables, now, slot),
    });
    return this.#scan.look(buckets, moment, {
      found: (slot, where) => {
        if (withoutPersistent && (services.get(slot.service, Service.flags) & TemplateAbi.SVC_PERSISTENT) !== 0) return;
        const connection = ownConnection(this.#tables, now, slot);
        if (connection !== undefined) report(connection, reportedOf(slot), where);
      },
      ...(ended && {
        ended: (slot) => {
          const connection = this.#isServed(slot) ? ownConnection(this.#tables, now, slot) : undefined;
          if (connection !== undefined) ended.connection(connection, reportedOf(slot));
        },
      }),
    });
  }

  /** The record of a service that is gone may be another one's: then what ended is not known, and whoever has it has lost the service, too. */
  #isServed({ service }: { readonly service: number }): boolean {
    return this.#tables.services.get(service, Service.state) === WeirState.LIVE;
  }

  #at({ pin, slot, key }: Place): { readonly slots: SlotNews; readonly at: number; readonly key: SlotKey } | undefined {
    const slots = this.#scan.slotsOf(pin) ?? this.#templates.slotsOf(pin);
    return slots === undefined || slot >= slots.count
      ? undefined
      : { slots, at: slots.at(slot), key: [Number(key & 0xffffffffn), Number(key >> 32n)] };
  }

  /** As #at, if it is still there. */
  #there(place: Place): { readonly slots: SlotNews; readonly at: number; readonly key: SlotKey } | undefined {
    const found = this.#at(place);
    const key = found?.slots.wordsAt(found.at).key;
    return found !== undefined && key?.[0] === found.key[0] && key[1] === found.key[1] ? found : undefined;
  }

  /** The other director has it, since it sent it: to that one it is not news. */
  known(place: Place): void {
    const found = this.#there(place);
    found?.slots.sent(found.at, { high: place.high, key: found.key }, place.expires);
  }

  /** Yet another one sent it: if it ends here without a packet, that is no news. */
  foreign(place: Place): void {
    const found = this.#there(place);
    found?.slots.foreign(found.at, place.expires);
  }

  /** Another director has ended it: that is news. */
  ended(place: Place): void {
    const found = this.#at(place);
    found?.slots.foreignEnd(found.at);
  }

  /** As SlotNews.isSent. */
  isSent(place: Place): 'last' | 'again' | undefined {
    const found = this.#there(place);
    return found?.slots.isSent(found.at);
  }

  /** As SlotNews.contest. */
  contest(place: Place): number {
    const found = this.#there(place);
    return found === undefined ? 0 : found.slots.contest(found.at);
  }

  /** What was refused elsewhere is news again. How much of it there was. */
  forgetRefused(): number {
    return [...this.#scan.all, ...this.#templates.all].reduce((count, slots) => count + slots.forgetRefused(), 0);
  }

  /** All of it is news again. */
  forget(): void {
    for (const slots of [...this.#scan.all, ...this.#templates.all]) slots.forget();
  }
}
