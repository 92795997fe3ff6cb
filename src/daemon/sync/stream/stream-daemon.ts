// The process of weir's own stream: a session to each peer and one from each, over the same tables.
import { createHash, randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Server } from 'node:tls';
import type { PeerMemory } from '../../../control/sync/stream/peer-memory.js';
import type { Batch } from '../../../control/sync/stream/stream-receiver.js';
import { openDirector } from '../../../datapath/ebpf/open.js';
import { Bpffs } from '../../../datapath/ebpf/pins/bpffs.js';
import type { ApplyWatch } from '../../../datapath/ebpf/sync/apply-pages.js';
import { ForeignConnections } from '../../../datapath/ebpf/sync/foreign-connections.js';
import { fromPeer, type PeerEnds } from '../../../datapath/ebpf/sync/peer-rivalry.js';
import { RecentEnds } from '../../../datapath/ebpf/sync/recent-ends.js';
import { type TableMoment, TableWatch } from '../../../datapath/ebpf/sync/table-watch.js';
import type { StreamKey } from '../../../host/sync/stream-key.js';
import { endpointText } from '../../../model/endpoint-text.js';
import type { Log } from '../../../model/log-level.js';
import type { ConnectionRefusal, StreamPeer, StreamSettings, StreamStatus } from '../../../model/stream-node.js';
import { unlessBusy } from '../../process/unless-busy.js';
import { HoldBack } from './hold-back.js';
import { Incoming } from './incoming.js';
import { Outgoing } from './outgoing.js';
import { PeerTables } from './peer-tables.js';
import { listenForPeers } from './secure-channel.js';
import { SharedDrains } from './shared-drains.js';

/** How often services and servers are looked at. */
const CHANGES_MS = 100;
const LISTEN_AGAIN_MS = 1000;
/** How long what has come waits for the table's lock, until it is tried again. */
const LOCK_WAIT_MS = 10;
const NODE_NAME = /[^A-Za-z0-9._-]/g;

interface Peer {
  readonly peer: StreamPeer;
  readonly tables: PeerTables;
  readonly incoming: Incoming;
  readonly outgoing: Outgoing;
}

const now = (): number => performance.now();
const pins = (): string | undefined => Bpffs.find()?.path();
/** Each loading of the tables has keys of its own, which stay secret. */
const idOfTables = ({ load }: TableMoment): string => createHash('sha256').update(`tables ${load}`).digest('hex').slice(0, 16);

export class StreamDaemon {
  readonly #foreign = new ForeignConnections(() => openDirector({ waitMs: LOCK_WAIT_MS }));
  readonly #watch = new TableWatch(pins);
  readonly #drains: SharedDrains;
  readonly #node = hostname().replace(NODE_NAME, '-').slice(0, 64) || 'node';
  readonly #id = randomBytes(8).toString('hex');
  readonly #peers: readonly Peer[];
  readonly #changes: NodeJS.Timeout;
  readonly #hold: HoldBack | undefined;
  #server: Server | undefined;
  readonly #refused: Partial<Record<ConnectionRefusal, number>> = {};
  #moment: TableMoment | undefined;
  #listenFailure = '';
  #isStopped = false;

  constructor(
    readonly settings: StreamSettings,
    readonly key: StreamKey,
    readonly log: Log,
  ) {
    openDirector().close(); // as with ip_vs, the tables are there from the first command on
    this.#moment = this.#watch.now();
    this.#drains = new SharedDrains(pins, LOCK_WAIT_MS, log);
    this.#drains.look();
    const ends = settings.peers.length > 1 ? new RecentEnds(now) : undefined;
    this.#peers = settings.peers.map((peer, number) => this.#peerOf(peer, ends && { ends, peer: number }));
    for (const { tables } of this.#peers) tables.prepare();
    this.#hold = this.#holdBack(settings.holdMs);
    this.#changes = setInterval(() => this.#lookForChanges(), CHANGES_MS);
    this.#listen();
  }

  get status(): StreamStatus {
    return {
      node: this.#node,
      ...(this.#hold && { hold: { boundMs: this.#hold.options.boundMs, ...this.#hold.counts } }),
      strangers: Object.values(this.#refused).reduce((sum, count) => sum + count, 0),
      refused: this.#refused,
      peers: this.#peers.map(({ peer, incoming, outgoing }) => ({
        address: endpointText(peer),
        node: incoming.node,
        to: outgoing.status,
        from: incoming.status,
      })),
    };
  }

  /** What has come is in the tables; resolves when peers have got what is new. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#changes);
    this.#hold?.stop();
    this.#server?.close();
    for (const { incoming } of this.#peers) incoming.stop();
    const stopped = this.#peers.map(({ outgoing }) => outgoing.stop());
    this.#foreign.close();
    await Promise.all(stopped);
  }

  #peerOf(peer: StreamPeer, known: PeerEnds | undefined): Peer {
    const { log } = this;
    const name = endpointText(peer);
    const tables = new PeerTables(pins, known?.ends);
    const [node, id] = [this.#node, this.#id];
    const drains = this.#drains;
    const common = { node, id, now };
    const memory: PeerMemory = {};
    const isOnly = this.settings.peers.length === 1;
    const tablesId = (): string | undefined => this.#moment && idOfTables(this.#moment);
    const toLog = (text: string): void => log('info', `to ${name}: ${text}`);
    const outgoing = new Outgoing({
      ...{ ...common, peer, own: this.key, tables, drains, tablesId, log: toLog },
      memory: isOnly ? memory : undefined,
      changed: () => this.#hold?.look(),
    });
    const incoming = new Incoming({
      ...{ ...common, memory, tables: tablesId },
      naming: { begin: () => tables.beginNaming(), end: () => (isOnly ? this.#endUnnamed(tables) : 0) },
      apply: (batch) => this.#apply(batch, tables, known),
      over: (ended) => outgoing.report(ended),
      takeDrains: (taken, overrides) => drains.take(taken, overrides),
      lost: () => tables.lost,
      log: (text) => log('info', `from ${name}: ${text}`),
    });
    return { peer, tables, incoming, outgoing };
  }

  #holdBack(boundMs: number | undefined): HoldBack | undefined {
    if (boundMs === undefined || boundMs === 0) return undefined;
    const log = (text: string): void => this.log('warning', text);
    return new HoldBack({ boundMs, folder: pins, peers: () => this.#peers.map(({ outgoing }) => outgoing), now, log });
  }

  #listen(): void {
    if (this.#isStopped) return;
    const { listen: at, peers } = this.settings;
    const own = this.key;
    this.#server = listenForPeers({
      at,
      own,
      peers,
      accepted: (socket, peer) => {
        const found = this.#peers.find((each) => each.peer === peer);
        found?.incoming.accept(socket);
        found?.outgoing.wake();
      },
      refused: (reason) => {
        this.#refused[reason] = (this.#refused[reason] ?? 0) + 1;
      },
      failed: (why) => {
        if (why !== this.#listenFailure) this.log('warning', `cannot listen on ${endpointText(at)}: ${why}`);
        this.#listenFailure = why;
        this.#server?.close();
        setTimeout(() => this.#listen(), LISTEN_AGAIN_MS);
      },
    });
  }

  #apply({ blocks, count, rivalry }: Batch, from: PeerTables, known: PeerEnds | undefined): Uint8Array | undefined {
    const others = this.#peers.flatMap(({ tables }) => (tables === from ? [] : (tables.news ?? [])));
    return unlessBusy(() => {
      const options = from.news === undefined ? { rivalry } : fromPeer(from.news, others, rivalry, known);
      return this.#foreign.applyItems(blocks, count, options);
    });
  }

  /** As of Naming. */
  #endUnnamed(tables: PeerTables): number | undefined {
    let count = 0;
    const isDone = tables.endUnnamed((blocks, news) => {
      const placed: ApplyWatch['placed'] = (_, place, answer) => {
        if (answer !== 'ended') return;
        news.unnamedEnded(place);
        count += 1;
      };
      const items = blocks.reduce((sum, block) => sum + block.count, 0);
      const rivalry = { wins: false, fresh: Number.POSITIVE_INFINITY };
      return (
        unlessBusy(() =>
          this.#foreign.applyItems(
            blocks.map((block) => ({ block, delay: 0 })),
            items,
            { rivalry, placed },
          ),
        ) !== undefined
      );
    });
    return isDone ? count : undefined;
  }

  #lookForChanges(): void {
    this.#drains.look();
    const before = this.#moment;
    this.#moment = this.#watch.now();
    if (before?.load !== this.#moment?.load) {
      this.#hold?.open();
      for (const { incoming } of this.#peers) incoming.restart();
    } else if (before?.generation !== this.#moment?.generation) for (const { incoming } of this.#peers) incoming.again();
  }
}
