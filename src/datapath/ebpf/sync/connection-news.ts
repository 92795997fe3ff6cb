// What is new among this director's connections, for whoever reports them to another one. It reads the tables alone, and takes no lock.
import type { ForeignConnection } from '../../../model/foreign-connection.js';
import type { ForeignTemplate } from '../../../model/foreign-template.js';
import { Abi, Conf, Service } from '../abi.gen.js';
import { clockNow, unitsOf } from '../table/clock.js';
import { Tables } from '../table/tables.js';
import { TemplateAbi } from '../template.gen.js';
import { ownConnection } from './own-connections.js';
import { ownTemplate } from './own-templates.js';
import type { ScanMoment } from './slot-news.js';
import { TableScan } from './table-scan.js';
import { TemplateScan } from './template-scan.js';

/** What net.ipv4.vs.sync_… asks for. */
export interface SyncWishes {
  readonly version: 0 | 1;
  /** Seconds; 0: connections are reported again only before they are forgotten elsewhere. */
  readonly refresh: number;
  /** Not those that have a template: another director makes them from that. */
  readonly withoutPersistent: boolean;
}

export interface NewsTo {
  readonly connection: (connection: ForeignConnection) => void;
  readonly template: (template: ForeignTemplate) => void;
}

export class ConnectionNews {
  readonly #tables: Tables;
  readonly #scan: TableScan;
  readonly #templates: TemplateScan;
  #isAtEnd = true;
  #hasTemplatesLeft = false;

  /** `folder`: of the pins. @throws SystemError ENOENT: nothing is loaded */
  constructor(folder: string) {
    this.#tables = Tables.readable(folder);
    this.#scan = new TableScan(this.#tables);
    this.#templates = new TemplateScan(this.#tables);
    this.#tables.mapAll();
  }

  /** False: the datapath was unloaded, and what is read here means nothing any more. */
  get isPresent(): boolean {
    return this.#tables.conf.get(0, Conf.magic) === Abi.WEIR_MAGIC;
  }

  get wishes(): SyncWishes {
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

  #lookAtTemplates(slots: number, moment: ScanMoment, { template: report }: NewsTo): boolean {
    return this.#templates.look(slots, moment, (taken) => {
      const template = ownTemplate(this.#tables, moment.now, taken);
      if (template !== undefined) report(template);
    });
  }

  #lookAtConnections(buckets: number, moment: ScanMoment, { connection: report }: NewsTo): boolean {
    const { services } = this.#tables;
    const { withoutPersistent } = this.wishes;
    return this.#scan.look(buckets, moment, (slot) => {
      if (withoutPersistent && (services.get(slot.service, Service.flags) & TemplateAbi.SVC_PERSISTENT) !== 0) return;
      const connection = ownConnection(this.#tables, moment.now, slot);
      if (connection !== undefined) report(connection);
    });
  }

  /** All of it is news again. */
  forget(): void {
    this.#scan.forget();
    this.#templates.forget();
  }
}
