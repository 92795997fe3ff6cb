// What must hold of the nodes' tables, by what clients did.
import { FRESH_MARGIN } from '../../../src/control/sync/stream/stream-receiver.js';
import { unitsOf } from '../../../src/datapath/ebpf/table/clock.js';
import { HZ, type Living } from './memory-table.js';
import { serverOfDest } from './names.js';
import type { Node } from './node.js';
import type { Session } from './session.js';
import { type Touch, Truth } from './truth.js';
import type { World } from './world.js';

/** What has so much left, clock units, must be everywhere: a peer gets a connection in use again when its own copy has half as much left. */
const LEFT = unitsOf(1.5, HZ);

const SETTLED_US = 3_000_000;

/** With what rounding takes. */
const UNKNOWN_US = FRESH_MARGIN * 1e6 + 100_000;

const describe = (node: Node, { dest, state, left, idle }: Living): string =>
  `at node ${node.number} to server ${serverOfDest({ node: node.number }, dest)} in state ${state}, idle ${idle}, left ${left}`;

/** It is quiet, and nothing is lacking: both ends have found that they have the same. */
function differs({ sender, receiver, isOpen }: Session): string | undefined {
  const [there, here] = [sender.state, receiver.state];
  if (!isOpen || here.digest === 'none') return undefined;
  if (there.digest !== 'equal' || here.digest !== 'equal') return `the digests are ${there.digest}, ${here.digest}`;
  return there.lost + here.lost > 0 ? `lost ${there.lost}, ${here.lost}` : undefined;
}

export class Judge {
  readonly truth = new Truth();
  /** When connections had their last packet that the active node ended while all processes lived on since. */
  readonly #evicted = new Map<number, number>();
  readonly #without = new Map<number, { readonly node: number; readonly atUs: number }>();
  /** Connections that ended at this node of a pair while its process was down. */
  readonly #unreported = new Map<number, number>();
  #itemsBefore = 0;

  constructor(readonly world: World) {}

  /**
   * An end that no process reports, of what the other node of a pair has from there, and has had no packet of: it finds that when the next process has
   * sent all. False: it cannot.
   */
  endedUnreported(key: number, { number, id, tables, setup, isRunning }: Node, last: Touch): boolean {
    const [other, ...more] = this.world.nodes.filter((each) => each.number !== number);
    if (other === undefined || more.length > 0 || isRunning || !other.isRunning || !setup.tables || !other.setup.tables) return false;
    const { memory, copy } = other.peer(number);
    const at = other.table.find(key);
    const isFromThere = at !== undefined && copy.slots.isForeign(at) && memory.known?.id === id && memory.known.tables === tables;
    if (!isFromThere || other.startedUs > last.atUs || !this.truth.isClear(key)) return false;
    this.truth.touched(key, { ...last, atUs: this.world.nowUs, ended: true });
    this.#unreported.set(key, number);
    return true;
  }

  /** What it knew is lost. `tables`: and what it had. */
  lostProcess(node: number, tables: boolean): void {
    for (const [key, where] of this.#unreported) if (where !== node || tables) this.#unreported.delete(key);
  }

  /** A process that begins knows nothing of what has ended. */
  restarted(): void {
    for (const key of this.#evicted.keys()) this.truth.uncertain.add(key);
    this.#evicted.clear();
  }

  /** `last`: its last packet. */
  evicted(key: number, last: Touch): void {
    const { nowUs, nodes, sessions } = this.world;
    this.truth.touched(key, { ...last, atUs: nowUs, ended: true });
    this.#evicted.set(key, last.atUs);
    for (const { number: to } of nodes)
      for (const { number: from } of nodes) {
        const isWhole = sessions.some((each) => each.from === from && each.to === to && each.isOpen && each.receiver.state.whole);
        if (from !== to && !isWhole) this.#mayReturn(key, last.atUs, from, to);
      }
  }

  /** What was sent while there was no session may be what the peer has ended: by its last packet the next session knows. */
  lost({ from, to }: Session): void {
    for (const [key, lastUs] of this.#evicted) this.#mayReturn(key, lastUs, from, to);
  }

  /** A packet that was not long before a node knew all of another one for the last time is too late to count. */
  #mayReturn(key: number, lastUs: number, from: number, to: number): void {
    const node = this.world.nodes[to];
    const wholeAt = node?.peers.get(from)?.memory.wholeAt;
    const isKnown = node !== undefined && wholeAt !== undefined && lastUs < node.usAt(wholeAt) - UNKNOWN_US;
    if (isKnown) return;
    this.#evicted.delete(key);
    this.truth.uncertain.add(key);
  }

  /** By a node that had no packet of it, or none that it has looked at: it lacks it from now on. */
  evictedUnseen(key: number, node: number): void {
    if (this.truth.last(key)?.node === node) this.truth.uncertain.add(key);
    this.#without.set(key, { node, atUs: this.world.nowUs });
  }

  /** Others may have ended it, too, until the node that had its last packet reports it again. */
  #isWithout(key: number, to: number): boolean {
    const without = this.#without.get(key);
    return without !== undefined && (without.node === to || this.world.nowUs - without.atUs < SETTLED_US);
  }

  count(): void {
    this.#itemsBefore = this.world.itemsSent;
  }

  /** All is acknowledged: the peer has what this one had the last packet of. */
  settled(session: Session): string | undefined {
    const { from, to } = session;
    session.settledUs = this.world.nowUs;
    const [node, peer] = [this.world.nodes[from], this.world.nodes[to]];
    if (node === undefined || peer === undefined) return undefined;
    for (const at of node.table.slots()) {
      const here = node.table.livingAt(at);
      const last = this.truth.last(here.key);
      if (last?.node !== from || last.ended || !this.truth.isClear(here.key) || here.left < LEFT) continue;
      if (!this.truth.isCalm(here.key, this.world.nowUs)) continue;
      if (!node.peer(to).copy.slots.isReported(at, { now: node.table.now(), refresh: 0 }) || this.#isWithout(here.key, to)) continue;
      const there = peer.table.get(here.key);
      const names = [`connection ${here.key} ${describe(node, here)}`, there && describe(peer, there)];
      if (there === undefined) return `what was acknowledged is not there: ${names[0]}`;
      if (serverOfDest({ node: to }, there.dest) !== serverOfDest({ node: from }, here.dest))
        return `acknowledged, with another server: ${names.join('; ')}`;
    }
    return undefined;
  }

  /** It is quiet: all nodes have the same. */
  end(): string | undefined {
    const { nodes, sessions } = this.world;
    const wanted = nodes.length * (nodes.length - 1);
    const settled = sessions.filter(({ isOpen, settledUs }) => isOpen && this.world.nowUs - settledUs < SETTLED_US);
    if (settled.length !== wanted) return `${settled.length} of ${wanted} sessions have nothing to send`;
    for (const session of sessions) {
      const wrong = differs(session);
      if (wrong !== undefined) return `from node ${session.from} to ${session.to}: ${wrong}`;
    }
    const living = nodes.reduce((sum, { table }) => sum + [...table.slots()].length, 0);
    const items = this.world.itemsSent - this.#itemsBefore;
    if (items > living * (nodes.length - 1)) return `${items} items were sent while it was quiet`;
    for (const key of this.truth.keys) {
      const wrong = this.#judgeKey(key);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  }

  #judgeKey(key: number): string | undefined {
    const { nodes } = this.world;
    const found = nodes.flatMap((node) => {
      const here = node.table.get(key);
      return here === undefined ? [] : [{ node, here, server: serverOfDest({ node: node.number }, here.dest) }];
    });
    const text = `connection ${key} ${found.map(({ node, here }) => describe(node, here)).join('; ')}`;
    const last = this.truth.last(key);
    if (new Set(found.map(({ server }) => server)).size > 1) return `on two servers: ${text}`;
    const lasting = found.filter(({ here }) => here.left >= LEFT);
    if (lasting.length > 0 && this.#unreported.has(key) && last?.ended) return `ended while no process ran, and there: ${text}`;
    if (lasting.length > 0 && this.#evicted.has(key) && last?.ended && this.truth.isClear(key)) return `ended, and back: ${text}`;
    const without = this.#without.get(key)?.node;
    const wanted = nodes.filter(({ number }) => number !== without || found.some(({ node }) => node.number === number));
    if (lasting.length > 0 && found.length < wanted.length) return `not everywhere: ${text}`;
    if (new Set(lasting.map(({ here }) => here.state)).size > 1) return `in two states: ${text}`;
    if (last === undefined || last.ended || !this.truth.isClear(key)) return undefined;
    const wrong = lasting.find(({ here, server }) => here.state !== last.state || server !== last.server);
    return wrong && `not as node ${last.node} left it, to server ${last.server} in state ${last.state}: ${text}`;
  }
}
