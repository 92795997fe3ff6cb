// What is new among this director's connections, for whoever reports them to another one. It reads the tables alone, and takes no lock.
import type { ForeignConnection } from '../../../model/foreign-connection.js';
import { Abi, Conf, Service } from '../abi.gen.js';
import { clockNow, unitsOf } from '../table/clock.js';
import { Tables } from '../table/tables.js';
import { TemplateAbi } from '../template.gen.js';
import { ownConnection } from './own-connections.js';
import { TableScan } from './table-scan.js';

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
  #isAtEnd = true;

  /** `folder`: of the pins. @throws SystemError ENOENT: nothing is loaded */
  constructor(folder: string) {
    this.#tables = Tables.readable(folder);
    this.#scan = new TableScan(this.#tables);
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

  /** Looks at so many buckets more, of all tables in turn; false: the round is over, and the next call begins another one. */
  look(buckets: number, report: (connection: ForeignConnection) => void): boolean {
    const { conf, services } = this.#tables;
    if (this.#isAtEnd) this.#scan.begin();
    const { refresh, withoutPersistent } = this.wishes;
    const now = clockNow(conf);
    const moment = { now, refresh: unitsOf(refresh, conf.get(0, Conf.hz)) };
    const more = this.#scan.look(buckets, moment, (slot) => {
      if (withoutPersistent && (services.get(slot.service, Service.flags) & TemplateAbi.SVC_PERSISTENT) !== 0) return;
      const connection = ownConnection(this.#tables, now, slot);
      if (connection !== undefined) report(connection);
    });
    this.#isAtEnd = !more;
    return more;
  }

  /** All of it is news again. */
  forget(): void {
    this.#scan.forget();
  }
}
