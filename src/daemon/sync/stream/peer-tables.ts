// The tables of this director as one peer's session sees them: what the peer does not have yet, and where what it has sent came to.

import type { NewsSink, NewsSource } from '../../../control/sync/stream/stream-sender.js';
import { ConnectionNews, type SyncWishes } from '../../../datapath/ebpf/sync/connection-news.js';
import { FtpNews } from '../../../datapath/ebpf/sync/ftp-news.js';
import { OwnItems } from '../../../datapath/ebpf/sync/own-items.js';
import { OWN_END, type RecentEnds } from '../../../datapath/ebpf/sync/recent-ends.js';
import { REFRESH_SECONDS } from '../../../model/stream-node.js';
import type { ItemBlock } from '../../../wire/sync/stream-block.js';
import { StreamDecoder } from '../../../wire/sync/stream-decoder.js';
import { StreamEncoder } from '../../../wire/sync/stream-encoder.js';

/** Of no process. */
const NO_ID = '0'.repeat(16);
/** They go into the tables together. */
const ENDED_TOGETHER = 2048;
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

  /** Takes what memory the tables need, before there is a session that would wait for it. */
  prepare(): void {
    const { news } = this.#open() ?? {};
    news?.whilePresent(() => news.begin());
  }

  look(to: NewsSink): boolean {
    const opened = this.#open();
    if (opened === undefined) return false;
    return opened.news.whilePresent(() => this.#look(opened, to)) ?? false;
  }

  #look({ news, items, ftp }: Opened, to: NewsSink): boolean {
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

  keepForeign(): void {
    this.#opened?.news.keepForeign();
  }

  beginNaming(): void {
    this.#opened?.news.beginNaming();
  }

  /**
   * Hands over what the peer has sent before, and not in this session: as its ends, in frames. `apply`: false: not now. False: the rest is to be asked for
   * again.
   */
  endUnnamed(apply: (blocks: readonly ItemBlock[], news: ConnectionNews) => boolean): boolean {
    const opened = this.#open();
    if (opened === undefined) return true;
    const { news, items } = opened;
    const [encoder, decoder] = [new StreamEncoder(), new StreamDecoder()];
    encoder.record({ kind: 'hello', node: 'self', id: NO_ID });
    let [count, isDone] = [0, true];
    const handOver = (): void => {
      count = 0;
      const blocks = decoder.push(encoder.take()).records.filter((record): record is ItemBlock => record.kind === 'items');
      if (isDone && blocks.length > 0) isDone = apply(blocks, news);
    };
    items.refresh();
    const { ended } = items.to({
      item: () => {},
      ended: (what, item) => {
        encoder.item(what, true, item, 0);
        count += 1;
        if (count === ENDED_TOGETHER) handOver();
      },
    });
    news.lookForUnnamed((slot, now) => ended?.connection(slot, now));
    handOver();
    return isDone;
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
    this.#opened?.items.close();
    this.#lostBefore = this.lost;
    this.#opened?.ftp.close();
    this.#opened = undefined;
    const news = ConnectionNews.present(this.folder(), WISHES);
    if (news === undefined) return undefined;
    this.#opened = { news, items: new OwnItems(news.tables), ftp: new FtpNews(news.tables) };
    return this.#opened;
  }
}
