// Runs a history, and judges the nodes' tables by what clients did: while it runs what was acknowledged, and all when it is quiet.
import { commonRunOf, type DisturbEvent, fail, type Result, runEvents, type Trace } from '../../../src/sim/run-events.js';
import type { Disturbance, StreamHistory } from './history.js';
import { Judge } from './judge.js';
import { destOfServer, serverOfDest } from './names.js';
import type { Node } from './node.js';
import type { Session, Side } from './session.js';
import { World } from './world.js';

/** Items are counted from so long before the end on, when all is quiet. */
export const COUNTED_US = 4_000_000;

type Event =
  | { readonly kind: 'tick'; readonly node: Node }
  | { readonly kind: 'count' }
  | { readonly kind: 'session'; readonly session: Session; readonly what: Side | 'eof' };

class StreamRun {
  readonly common;
  readonly world: World;
  readonly judge: Judge;
  active: readonly number[] = [0];

  constructor(
    readonly history: StreamHistory,
    trace: Trace | undefined,
  ) {
    this.common = commonRunOf<Event, never, Disturbance>(history, [], trace);
    this.world = new World(history, (atUs, session, what) => this.common.agenda.add(atUs, { kind: 'session', session, what }));
    this.judge = new Judge(this.world);
    this.world.settled = (session) => fail(this.common, this.judge.settled(session));
    this.world.lost = (session) => this.judge.lost(session);
    this.world.applied = (from, to, { key, state, idle, ended }, answer) =>
      trace?.(`${this.#time()} ${to} gets from ${from}: ${key} in ${state}${ended ? ' ended' : ''}, idle ${idle}: ${answer}`);
    for (const node of this.world.nodes) this.common.agenda.add(0, { kind: 'tick', node });
    this.common.agenda.add(history.endUs - COUNTED_US, { kind: 'count' });
  }

  #time(): string {
    return (this.world.nowUs / 1e6).toFixed(6);
  }

  run(): Result {
    const { endUs } = this.history;
    const result = runEvents(this.common, endUs, (event) => this.#handle(event));
    if (result.violation !== undefined) return result;
    fail(this.common, this.judge.end());
    return { violation: this.common.violation, steps: result.steps };
  }

  #handle(event: Event | DisturbEvent<Disturbance>): void {
    const { world, common } = this;
    world.nowUs = common.nowUs;
    common.steps += 1;
    if (event.kind === 'tick') {
      world.tick(event.node);
      common.agenda.add(common.nowUs + event.node.setup.lookMs * 1000, event);
    } else if (event.kind === 'count') this.judge.count();
    else if (event.kind === 'session') {
      if (event.what === 'eof') world.endOfFile(event.session);
      else world.read(event.session, event.what);
    } else {
      common.trace?.(`${this.#time()} ${JSON.stringify(event.what)}`);
      this.#disturb(event.what);
    }
  }

  #node(number: number): Node {
    const node = this.world.nodes[number];
    if (node === undefined) throw new RangeError(`no node ${number}`);
    return node;
  }

  #disturb(what: Disturbance): void {
    const { world } = this;
    switch (what.kind) {
      case 'packet':
        this.#packet(what);
        return;
      case 'evict':
        this.#evict(what);
        return;
      case 'active':
        this.active = what.nodes;
        return;
      case 'reset':
        for (const session of world.sessions) if (isBetween(session, what)) world.close(session, 'sender');
        return;
      case 'cut':
        world.cuts.add(`${Math.min(what.a, what.b)} ${Math.max(what.a, what.b)}`);
        return;
      case 'heal':
        world.cuts.delete(`${Math.min(what.a, what.b)} ${Math.max(what.a, what.b)}`);
        world.wakeAll();
        return;
      case 'weather':
        world.weather = what;
        return;
      default:
        this.#disturbNode(what, this.#node(what.node));
        return;
    }
  }

  #disturbNode(what: Extract<Disturbance, { readonly node: number }>, node: Node): void {
    const { world } = this;
    switch (what.kind) {
      case 'stall':
        node.stalled = what.read ? 'read' : 'all';
        return;
      case 'resume':
        node.stalled = 'no';
        world.wakeAll();
        return;
      case 'kill':
        if (node.isRunning) world.drop(node, false);
        this.judge.lostProcess(node.number, false);
        this.judge.restarted();
        return;
      case 'crash':
        world.drop(node, true);
        node.crash(what.originMs);
        node.isUp = false;
        this.judge.truth.crashed(node.number);
        this.judge.lostProcess(node.number, true);
        this.judge.restarted();
        return;
      case 'start':
        node.isUp = true;
        this.judge.restarted();
        if (!node.isRunning) node.start();
        world.resetOld(node);
        return;
      case 'full':
      case 'room':
        node.table.isFull = what.kind === 'full';
        world.again(node);
        return;
      case 'unbound':
      case 'bound':
        node.isBound = what.kind === 'bound';
        world.again(node);
        return;
    }
  }

  #activeNode(pick: number): Node | undefined {
    const node = this.#node(this.active[pick % this.active.length] ?? 0);
    return node.isUp ? node : undefined;
  }

  #packet({ client, packet, pick, server }: Extract<Disturbance, { readonly kind: 'packet' }>): void {
    const node = this.#activeNode(pick);
    if (node === undefined) return;
    const names = { node: node.number };
    const after = node.table.packet(client, packet, destOfServer(names, server));
    if (after !== undefined) this.judge.truth.packet(client, this.world.nowUs, node.number, after, serverOfDest(names, after.dest));
    this.common.trace?.(
      `${this.#time()} at ${node.number}: ${after === undefined ? 'dropped' : `state ${after.state}, dest ${after.dest}`}`,
    );
  }

  /** Only where the node that ends it had its last packet, or, of a standby, had none. */
  #evict({ client, pick, standby }: Extract<Disturbance, { readonly kind: 'evict' }>): void {
    const active = this.#activeNode(pick);
    const node = standby ? this.world.nodes.find(({ number, isUp }) => isUp && !this.active.includes(number)) : active;
    const last = this.judge.truth.last(client);
    const at = node?.table.find(client);
    if (node === undefined || at === undefined || last === undefined || (last.node === node.number) === standby) return;
    this.common.trace?.(`${this.#time()} at ${node.number}: ${client} evicted`);
    // A packet that no look has met is known to no peer: there may have been no session.
    const isMet = [...node.peers.values()].every(({ copy }) => copy.hasMet(at));
    if (!standby && this.judge.endedUnreported(client, node, last)) {
      node.table.end(at);
      return;
    }
    node.table.end(at);
    const isForeign = standby || this.judge.truth.uncertain.has(client);
    if (isForeign || !isMet) this.judge.evictedUnseen(client, node.number);
    else this.judge.evicted(client, last);
  }
}

const isBetween = ({ from, to }: Session, { a, b }: { readonly a: number; readonly b: number }): boolean =>
  (from === a && to === b) || (from === b && to === a);

export const runHistory = (history: StreamHistory, trace?: Trace): Result => new StreamRun(history, trace).run();
