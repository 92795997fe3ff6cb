// The master of the kernel's connection synchronisation: announces this director's connections to a multicast group. It looks at the tables all the time and
// sends what is new within milliseconds, where the kernel's waits for a full message or two seconds. What could not be sent is announced later, with all
// the rest: the tables are what counts, and nothing of them is forgotten.
import { Answers } from '../../control/sync/answers.js';
import { entryOf, isAnnounced, templateEntry } from '../../control/sync/kernel-entries.js';
import { ConnectionNews } from '../../datapath/ebpf/sync/connection-news.js';
import { FtpNews } from '../../datapath/ebpf/sync/ftp-news.js';
import { FtpNumbers } from '../../datapath/ebpf/sync/ftp-numbers.js';
import type { ForeignConnection } from '../../model/foreign-connection.js';
import type { Log } from '../../model/log-level.js';
import type { DaemonSettings } from '../../model/sync-daemon.js';
import { native } from '../../sys/addon.js';
import { monotonicUs } from '../../sys/clock.js';
import { isSystemError, reasonOf } from '../../sys/errno.js';
import { MulticastReceiver, MulticastSender } from '../../sys/sockets/multicast.js';
import type { SyncEntry } from '../../wire/sync/sync-entry.js';
import { SyncPacker } from '../../wire/sync/sync-packer.js';
import { encodeSyncPresence, requestedSyncId } from '../../wire/sync/sync-request.js';
import { KnownSenders, type SenderRefusal } from './known-senders.js';
import { OtherIds } from './other-ids.js';

/** A look begins so often, and takes a tenth of the time at most. */
const LOOK_MS = 20;
const LOOK_US = 2000;
/** After a whole look at the tables that found nothing new. */
const REST_US = 150_000;
/** Between two looks at the clock. */
const BUCKETS = 2048;
/** A kernel's backup holds 92 messages in its buffer: if more came together, they would be lost there. */
const MESSAGES_TOGETHER = 60;
/** Messages that are read before a look. */
const REQUESTS_MAX = 64;
/** What is longer is none. Those of a flood are dropped in the kernel. */
const [REQUEST_BYTES, REQUESTS_BYTES] = [64, 65_536];
/** An interface that was down or gone is tried again. */
const RETRY_US = 1_000_000;

export interface MasterOptions {
  readonly settings: DaemonSettings;
  /** Of the pins of this namespace; undefined: nothing is loaded. */
  readonly folder: () => string | undefined;
  readonly log: Log;
}

export interface MasterCounts {
  readonly messages: number;
  readonly entries: number;
  /** Messages that could not be sent: all is announced again later. */
  readonly lost: number;
  /** Connections that this protocol cannot carry. */
  readonly unsupported: number;
  /** Of backups, for everything. */
  readonly requests: number;
  /** Messages of hosts that are no peers, where any came. */
  readonly refused?: Readonly<Partial<Record<SenderRefusal, number>>>;
  /** Requests for another sync id, by id. */
  readonly otherIds: Readonly<Record<string, number>>;
  /** Whole looks at the tables. */
  readonly rounds: number;
}

interface Opened {
  readonly news: ConnectionNews;
  readonly ftp: FtpNews;
  readonly numbers: FtpNumbers;
}

export class SyncMaster {
  readonly #counts = { messages: 0, entries: 0, lost: 0, unsupported: 0, requests: 0, rounds: 0 };
  readonly #timer: NodeJS.Timeout;
  readonly #senders: KnownSenders;
  readonly #otherIds: OtherIds;
  #opened: Opened | undefined;
  #sender: MulticastSender | undefined;
  #packer: SyncPacker | undefined;
  #retryAtUs = 0;
  #lookForAtUs = 0;
  #failure = '';
  #sentNow = 0;
  #entriesBefore = 0;
  #restUntilUs = 0;
  #receiver: MulticastReceiver | undefined;
  readonly #answers = new Answers();

  constructor(readonly options: MasterOptions) {
    this.#senders = new KnownSenders(options.settings.peers);
    this.#otherIds = new OtherIds(options.settings.syncId);
    this.#timer = setInterval(() => this.#look(monotonicUs() + LOOK_US), LOOK_MS);
  }

  get counts(): MasterCounts {
    const { refused } = this.#senders;
    return { ...this.#counts, ...(Object.keys(refused).length === 0 ? {} : { refused }), otherIds: this.#otherIds.counts };
  }

  /** Announces what is new to the last, and ends. */
  stop(): void {
    clearInterval(this.#timer);
    // The first look ends with the round that it is in: what is before the place where that is, is looked at by the second.
    for (let looks = 0; looks < 2; looks++) this.#look(Number.POSITIVE_INFINITY);
    this.#closeSockets();
    this.#close();
  }

  #close(): void {
    this.#opened?.ftp.close();
    this.#opened?.numbers.close();
    this.#opened = undefined;
  }

  #closeSockets(): void {
    this.#sender?.close();
    this.#receiver?.close();
    this.#sender = this.#receiver = undefined;
  }

  #look(untilUs: number): void {
    const opened = this.#open();
    if (opened === undefined || !this.#openSender()) return;
    this.#readRequests();
    if (untilUs !== Number.POSITIVE_INFINITY && monotonicUs() < this.#restUntilUs) return;
    opened.news.whilePresent(() => this.#lookAt(opened, untilUs));
  }

  #lookAt({ news, ftp, numbers }: Opened, untilUs: number): void {
    const isLast = untilUs === Number.POSITIVE_INFINITY;
    ftp.lookAgain((pin, hash, keyLow, keyHigh) => news.renew(pin, hash, keyLow, keyHigh));
    const packer = this.#packerFor(news);
    this.#sentNow = 0;
    for (let more = true; more && this.#sender !== undefined; ) {
      more = news.look(BUCKETS, {
        connection: (connection) => this.#announce(packer, connection),
        template: (template) => this.#append(packer, templateEntry(template)),
        ftp: numbers,
      });
      if (!more) this.#endRound();
      if (monotonicUs() >= untilUs || (!isLast && this.#sentNow >= MESSAGES_TOGETHER)) break;
    }
    packer.flush();
  }

  /** One without news is followed by a rest. */
  #endRound(): void {
    const { entries } = this.#counts;
    this.#counts.rounds += 1;
    this.#answers.ended();
    if (entries === this.#entriesBefore) this.#restUntilUs = monotonicUs() + REST_US;
    this.#entriesBefore = entries;
  }

  #announce(packer: SyncPacker, connection: ForeignConnection): void {
    if (!isAnnounced(connection)) return;
    if (connection.method === 'fullnat') this.#counts.unsupported += 1;
    else this.#append(packer, entryOf(connection));
  }

  #append(packer: SyncPacker, entry: SyncEntry): void {
    if (packer.append(entry)) this.#counts.entries += 1;
    else this.#counts.unsupported += 1;
  }

  /** Backups that have nothing yet ask for everything; it is answered also where there is nothing. */
  #readRequests(): void {
    for (let k = 0; k < REQUESTS_MAX; k++) {
      const message = this.#receive();
      if (message === undefined) break;
      if (this.#receiver === undefined || this.#senders.refusalOf(this.#receiver.sender) !== undefined) continue;
      const id = requestedSyncId(message);
      if (id === undefined || this.#otherIds.countOther(id)) continue;
      this.#counts.requests += 1;
      this.#answers.asked();
    }
    if (!this.#answers.isDue(monotonicUs())) return;
    this.#opened?.news.forget();
    this.#restUntilUs = 0;
    this.#send(encodeSyncPresence(this.options.settings.syncId));
  }

  #receive(): Uint8Array | undefined {
    try {
      return this.#receiver?.receive();
    } catch (error) {
      if (!isSystemError(error)) throw error;
      return undefined; // sending meets the same
    }
  }

  #open(): Opened | undefined {
    if (this.#opened?.news.isPresent === true) return this.#opened;
    this.#close();
    const news = ConnectionNews.present(this.options.folder());
    if (news === undefined) return undefined;
    this.#opened = { news, ftp: new FtpNews(news.tables), numbers: new FtpNumbers(news.tables) };
    return this.#opened;
  }

  /** Requests do not come by an interface that was made again, and nothing may be to be sent that would meet its absence. */
  #leaveGone(): void {
    if (this.#receiver === undefined || monotonicUs() < this.#lookForAtUs) return;
    this.#lookForAtUs = monotonicUs() + RETRY_US;
    if (!this.#receiver.isThere) this.#closeSockets();
  }

  /** False: the interface is not there, or has no address; it is tried again in a second. */
  #openSender(): boolean {
    this.#leaveGone();
    if (this.#sender !== undefined) return true;
    if (monotonicUs() < this.#retryAtUs) return false;
    const { settings } = this.options;
    try {
      const place = { ...settings, ifindex: native().ifNameToIndex(settings.interface) };
      this.#sender = new MulticastSender(place, settings.ttl);
      this.#receiver = new MulticastReceiver(place, REQUEST_BYTES, REQUESTS_BYTES);
    } catch (error) {
      this.#failed(error);
      return false;
    }
    this.#opened?.news.forget();
    this.#noteFailure('');
    return true;
  }

  /** `sync_version` may be changed at any time. */
  #packerFor(news: ConnectionNews): SyncPacker {
    const { version } = news.wishes;
    const { syncId, maxLength } = this.options.settings;
    if (this.#packer?.sender.version !== version)
      this.#packer = new SyncPacker({ version, syncId, maxLength }, (message) => this.#send(message));
    return this.#packer;
  }

  /** What cannot be sent is not lost: everything is announced when the socket is open again. */
  #send(message: Uint8Array): void {
    this.#sentNow += 1;
    try {
      this.#sender?.send(message);
    } catch (error) {
      this.#failed(error);
    }
    this.#counts[this.#sender === undefined ? 'lost' : 'messages'] += 1;
  }

  /** The interface is down or gone, has no address, or a packet filter refuses: it is tried again in a second. */
  #failed(error: unknown): void {
    if (!isSystemError(error)) throw error;
    this.#closeSockets();
    this.#retryAtUs = monotonicUs() + RETRY_US;
    this.#noteFailure(reasonOf(error));
  }

  /** Logged once until it changes. Empty: it goes on. */
  #noteFailure(why: string): void {
    const { settings, log } = this.options;
    if (why === this.#failure) return;
    this.#failure = why;
    if (why !== '') log('warning', `cannot send to the group by ${settings.interface}: ${why}`);
    else log('info', `sends to the group by ${settings.interface}`);
  }
}
