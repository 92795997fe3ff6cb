// The backup of the kernel's connection synchronisation: what a master announces goes into this director's tables.
import { connectionOf, templateOf } from '../../control/sync/kernel-entries.js';
import type { EbpfDirector } from '../../datapath/ebpf/ebpf-director.js';
import { ForeignConnections } from '../../datapath/ebpf/sync/foreign-connections.js';
import { readStreamStatus } from '../../host/sync/stream-file.js';
import type { Address } from '../../model/address.js';
import { isWeirError } from '../../model/errors/weir-error.js';
import type { Applied, ForeignConnection } from '../../model/foreign-connection.js';
import type { ForeignTemplate } from '../../model/foreign-template.js';
import { addressId, destinationId } from '../../model/identity.js';
import type { Log } from '../../model/log-level.js';
import { sendersOf } from '../../model/stream-node.js';
import type { DaemonSettings } from '../../model/sync-daemon.js';
import { native } from '../../sys/addon.js';
import { monotonicUs } from '../../sys/clock.js';
import { isSystemError, reasonOf } from '../../sys/errno.js';
import { using } from '../../sys/fd.js';
import { type Watch, whenReadable } from '../../sys/readable.js';
import { MulticastReceiver, MulticastSender } from '../../sys/sockets/multicast.js';
import { decodeSyncMessage, type SyncRefusal } from '../../wire/sync/sync-message.js';
import { encodeSyncRequest, requestedSyncId } from '../../wire/sync/sync-request.js';
import { readOrLog } from '../read-or-log.js';
import { Inbox } from './inbox.js';
import { KnownSenders, type SenderRefusal } from './known-senders.js';
import { OtherIds } from './other-ids.js';

/** A burst of 40,000 messages waits: the kernel's usual buffer holds 92. */
const QUEUE_BYTES = 64 << 20;
/** Messages that are read before what they bring goes into the tables. */
const READ_MAX = 256;
/** The socket is opened again, and what waits is tried again. */
const RETRY_MS = 1000;
/** It asks for everything when it begins, and so often afterwards. */
const ASK_US = 60_000_000;
const US_PER_S = 1_000_000;

export interface BackupOptions {
  readonly settings: DaemonSettings;
  /** It listens to so many, from that of the settings on. */
  readonly ports: number;
  readonly open: () => EbpfDirector;
  readonly log: Log;
}

export interface BackupCounts {
  /** Of masters: requests of other backups are not among them. */
  readonly messages: number;
  /** When the last one came, or it began to listen: seconds of the monotonic clock. */
  readonly lastAt: number;
  readonly entries: number;
  /** Messages and entries that were not taken, by reason. Those of senders are not in `messages`. */
  readonly refused: Readonly<Partial<Record<SyncRefusal | SenderRefusal, number>>>;
  /** Messages with another sync id, by id. */
  readonly otherIds: Readonly<Record<string, number>>;
  /** What became of connections, and of templates. */
  readonly connections: Readonly<Partial<Record<Applied, number>>>;
  readonly templates: Readonly<Partial<Record<Applied, number>>>;
  /** Entries that mean nothing here: of calls, and of connections past the servers. */
  readonly unsupported: number;
  /** Messages that found no room in the socket's buffer. */
  readonly dropped: number;
  /** Connections and templates that were dropped, since too many waited. */
  readonly overrun: number;
  /** That wait for a service or a server. */
  readonly unbound: number;
}

interface Listening {
  readonly receiver: MulticastReceiver;
  readonly watch: Watch;
}

const connectionId = ({ protocol, client, virtual, mark }: ForeignConnection): string =>
  `${protocol} ${destinationId(client)} ${destinationId(virtual)} ${mark}`;
const templateId = ({ protocol, client, virtual, mark, call = '' }: ForeignTemplate): string =>
  `${protocol} ${addressId(client)} ${destinationId(virtual)} ${mark} ${call}`;

export class SyncBackup {
  readonly #counts = { messages: 0, lastAt: Math.round(monotonicUs() / US_PER_S), entries: 0, unsupported: 0 };
  readonly #refused: Partial<Record<SyncRefusal, number>> = {};
  readonly #senders: KnownSenders;
  readonly #otherIds: OtherIds;
  readonly #tables: ForeignConnections;
  readonly #connections: Inbox<ForeignConnection>;
  readonly #templates: Inbox<ForeignTemplate>;
  readonly #timer: NodeJS.Timeout;
  #listening: readonly Listening[] = [];
  /** Messages, of sockets that are closed. */
  #droppedBefore = 0;
  #generation: number | undefined;
  #failure = '';
  #askAtUs = 0;
  readonly #guarded;

  constructor(readonly options: BackupOptions) {
    this.#guarded = readOrLog('which peers have a session of the stream is not known', options.log);
    this.#senders = new KnownSenders(options.settings.peers);
    this.#otherIds = new OtherIds(options.settings.syncId);
    this.#tables = new ForeignConnections(options.open);
    this.#connections = new Inbox((all) => this.#tables.apply(all), connectionId);
    this.#templates = new Inbox((all) => this.#tables.applyTemplates(all), templateId);
    this.#timer = setInterval(() => this.#retry(), RETRY_MS);
    this.#listen();
  }

  get counts(): BackupCounts {
    const [connections, templates, senders] = [this.#connections, this.#templates, this.#senders];
    return {
      ...this.#counts,
      refused: { ...senders.refused, ...this.#refused },
      otherIds: this.#otherIds.counts,
      connections: connections.applied,
      templates: templates.applied,
      dropped: this.#listening.reduce((sum, { receiver }) => sum + receiver.dropped, this.#droppedBefore),
      overrun: connections.overrun + templates.overrun,
      unbound: connections.unbound + templates.unbound,
    };
  }

  /** Takes what has come so far, and ends. */
  stop(): void {
    clearInterval(this.#timer);
    while (this.#read() === READ_MAX);
    this.#closeReceivers();
    this.#tables.close();
  }

  #closeReceivers(): void {
    for (const { receiver, watch } of this.#listening) {
      watch.stop();
      this.#droppedBefore += receiver.dropped;
      receiver.close();
    }
    this.#listening = [];
  }

  #listenTo(port: number): void {
    const { settings } = this.options;
    const place = { ...settings, port, ifindex: native().ifNameToIndex(settings.interface) };
    const receiver = new MulticastReceiver(place, settings.maxLength, QUEUE_BYTES);
    this.#listening = [...this.#listening, { receiver, watch: whenReadable(receiver.fd, () => this.#read()) }];
  }

  #listen(): void {
    const { settings, ports } = this.options;
    try {
      for (let k = 0; k < ports; k++) this.#listenTo(settings.port + k);
      this.#askAtUs = 0;
      this.#ask();
      this.#failed('');
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.#closeReceivers();
      this.#failed(reasonOf(error));
    }
  }

  /** A master of weir announces everything then, also what was lost on the way before; one of the kernel passes it over. */
  #ask(): void {
    const { settings } = this.options;
    const now = monotonicUs();
    if (this.#listening.length === 0 || now < this.#askAtUs) return;
    this.#askAtUs = now + ASK_US;
    try {
      const place = { ...settings, ifindex: native().ifNameToIndex(settings.interface) };
      using(new MulticastSender(place, settings.ttl), (sender) => sender.send(encodeSyncRequest(settings.syncId)));
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.#askAtUs = 0; // the interface is down, or has no address: it is asked when it has
    }
  }

  #failed(why: string): void {
    const { settings, log } = this.options;
    if (why === this.#failure) return;
    this.#failure = why;
    if (why !== '') log('warning', `cannot listen to the group by ${settings.interface}: ${why}`);
    else log('info', `listens to the group by ${settings.interface}`);
  }

  /** How many messages it has read. */
  #read(): number {
    let count = 0;
    for (let next = this.#receive(); next !== undefined; next = this.#receive()) {
      // A request is another backup's.
      if (requestedSyncId(next.message) === undefined) this.#take(next.message, this.#senders.refusalOf(next.sender));
      count += 1;
      if (count === READ_MAX) break;
    }
    this.#deliver();
    return count;
  }

  /** Of any port. The interface may have gone. */
  #receive(): { readonly message: Uint8Array; readonly sender: Uint8Array } | undefined {
    try {
      for (const { receiver } of this.#listening) {
        const message = receiver.receive();
        if (message !== undefined) return { message, sender: receiver.sender };
      }
      return undefined;
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.#failed(reasonOf(error));
      this.#closeReceivers();
      return undefined;
    }
  }

  #take(message: Uint8Array, refusal: SenderRefusal | undefined): void {
    if (refusal === 'sender') return;
    this.#counts.lastAt = Math.round(monotonicUs() / US_PER_S);
    if (refusal === undefined) this.#takeEntries(message);
  }

  #takeEntries(message: Uint8Array): void {
    const { entries, refused } = decodeSyncMessage(message, this.options.settings);
    if (refused.has('sync-id')) this.#otherIds.countOther(message[1] ?? 0);
    this.#counts.messages += 1;
    this.#counts.entries += entries.length;
    for (const [reason, times] of refused) this.#refused[reason] = (this.#refused[reason] ?? 0) + times;
    for (const entry of entries) {
      const [connection, template] = [connectionOf(entry), templateOf(entry)];
      if (connection !== undefined) this.#connections.put(connection);
      else if (template !== undefined) this.#templates.put(template);
      else this.#counts.unsupported += 1;
    }
  }

  #deliver(): void {
    try {
      this.#templates.deliver(monotonicUs());
      this.#connections.deliver(monotonicUs());
    } catch (error) {
      if (!isWeirError(error, 'lock-busy')) throw error; // else all waits
    }
  }

  /** An interface that has gone, or was made again, is listened to again when it is there. */
  #leaveGone(): void {
    if (this.#listening.every(({ receiver }) => receiver.isThere)) return;
    this.#closeReceivers();
    this.#failed('the interface has gone');
  }

  /** What cannot be read: none. */
  #sessions(): readonly Address[] {
    return this.#guarded(() => {
      const status = readStreamStatus();
      return status === undefined ? [] : sendersOf(status);
    }, []);
  }

  #retry(): void {
    this.#leaveGone();
    // What was passed over in the last moments of a session may be nowhere else.
    if (this.#senders.noteSessions(this.#sessions())) this.#askAtUs = 0;
    if (this.#listening.length === 0) this.#listen();
    else this.#ask();
    const { generation } = this.#tables;
    if (generation !== this.#generation) for (const inbox of [this.#connections, this.#templates]) inbox.offerAgain(monotonicUs());
    this.#generation = generation;
    this.#deliver();
  }
}
