// The tables of this director as one peer's session sees them: what the peer does not have yet, and where what it has sent came to.

import type { NewsSink, NewsSource } from '../../../control/sync/stream/stream-sender.js';
import { ConnectionNews, type SyncWishes } from '../../../datapath/ebpf/sync/connection-news.js';
import { FtpNews } from '../../../datapath/ebpf/sync/ftp-news.js';
import { OwnItems } from '../../../datapath/ebpf/sync/own-items.js';
import { OWN_END, type RecentEnds } from '../../../datapath/ebpf/sync/recent-ends.js';
import { REFRESH_SECONDS } from '../../../model/stream-node.js';

/** Between two looks at the clock. */
const BUCKETS = 1024;
const WISHES: SyncWishes = { version: 1, refresh: REFRESH_SECONDS, withoutPersistent: false };

interface Opened {
  readonly news: ConnectionNews;
  readonly items: OwnItems;
  readonly ftp: FtpNews;
}

export class PeerTables implements NewsSource {
  #opened: Opened | undefined;
  /** Of tables that are gone. */
  #lostBefore = 0;

  /** `folder`: of the pins; undefined: nothing is loaded. `ends`: gets what has ended here; absent: there is no other peer. */
  constructor(
    readonly folder: () => string | undefined,
    readonly ends?: RecentEnds,
  ) {}

  look(to: NewsSink): boolean {
    const opened = this.#open();
    if (opened === undefined) return false;
    const { news, items, ftp } = opened;
    items.refresh();
    ftp.lookAgain((pin, hash, keyLow, keyHigh) => news.renew(pin, hash, keyLow, keyHigh));
    return news.scan(
      BUCKETS,
      items.to({
        item: to.item,
        ended: (what, item, { slots, keyLow, keyHigh, dest }) => {
          this.ends?.note({ pin: slots.pin, keyLow, keyHigh, dest }, OWN_END, 10 * item.idle);
          to.ended(what, item);
        },
      }),
    );
  }

  forget(): void {
    this.#opened?.news.forget();
  }

  forgetRefused(): void {
    this.#opened?.news.forgetRefused();
  }

  /** As of ConnectionNews, from the beginning on. */
  get lost(): number {
    return this.#lostBefore + (this.#opened?.news.lost ?? 0);
  }

  /** What the peer has of the tables; undefined: nothing is loaded. */
  get news(): ConnectionNews | undefined {
    return this.#open()?.news;
  }

  /** Of a datapath that was loaded again everything is news. */
  #open(): Opened | undefined {
    if (this.#opened?.news.isPresent === true) return this.#opened;
    const folder = this.folder();
    this.#opened?.items.close();
    this.#lostBefore = this.lost;
    this.#opened?.ftp.close();
    this.#opened = undefined;
    if (folder === undefined) return undefined;
    const news = new ConnectionNews(folder, WISHES);
    this.#opened = { news, items: new OwnItems(news.tables), ftp: new FtpNews(news.tables) };
    return this.#opened;
  }
}
