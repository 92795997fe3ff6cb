// Two BFD machines on one virtual cable, for tests: a test decides which packets are lost or late, and each machine is woken when it asked for it.

import assert from 'node:assert/strict';
import type { BfdEffect, BfdInput } from '../../src/control/bfd/messages.js';
import { type BfdMachine, initialBfd, type Session } from '../../src/control/bfd/state.js';
import { step } from '../../src/control/bfd/step.js';
import type { BfdInstance } from '../../src/model/keepalived/trackers.js';
import { type BfdControl, decodeBfd, encodeBfd } from '../../src/wire/bfd.js';
import { plainControl } from './bfd-control.js';
import { ip } from './ip.js';

export const MS = 1000;
export const S = 1_000_000;

export const ADDRESS = { a: ip('10.0.0.1'), b: ip('10.0.0.2') } as const;
export type Side = 'a' | 'b';
const other = (side: Side): Side => (side === 'a' ? 'b' : 'a');

/** keepalived's defaults: 10 ms, five of them, a second while down. */
export function sessionOf(side: Side, more: Partial<BfdInstance> = {}): BfdInstance {
  return {
    name: side,
    neighbour: ADDRESS[other(side)],
    source: ADDRESS[side],
    minRxUs: 10 * MS,
    minTxUs: 10 * MS,
    idleTxUs: S,
    multiplier: 5,
    passive: false,
    ttl: 255,
    maxHops: 0,
    multihop: false,
    weight: 0,
    reverse: false,
    events: { vrrp: true, checker: true },
    ...more,
  };
}

export interface Sent {
  readonly atUs: number;
  readonly from: Side;
  readonly packet: BfdControl;
}

/** The delay of a packet, µs; undefined: it is lost. */
export type Fate = (sent: Sent) => number | undefined;

interface Node {
  state: BfdMachine;
  wakeAtUs: number | undefined;
  readonly effects: { readonly atUs: number; readonly effect: BfdEffect }[];
}

export class BfdNodes {
  atUs = 0;
  /** All that was sent, lost or not. */
  readonly sent: Sent[] = [];
  fate: Fate = () => MS;
  readonly #nodes: Record<Side, Node> = {
    a: { state: initialBfd(), wakeAtUs: undefined, effects: [] },
    b: { state: initialBfd(), wakeAtUs: undefined, effects: [] },
  };
  #inFlight: { readonly atUs: number; readonly to: Side; readonly bytes: Uint8Array }[] = [];

  /** Both are given their session and a socket. */
  constructor(a: Partial<BfdInstance> = {}, b: Partial<BfdInstance> = {}, seed = 1) {
    this.give('a', { kind: 'configure', sessions: [sessionOf('a', a)], chance: [seed, 2, 3, 4] });
    this.give('b', { kind: 'configure', sessions: [sessionOf('b', b)], chance: [seed, 6, 7, 8] });
    this.give('a', { kind: 'socket', name: 'a', open: true });
    this.give('b', { kind: 'socket', name: 'b', open: true });
  }

  give(side: Side, input: BfdInput): void {
    const node = this.#nodes[side];
    const { state, effects, wakeAtUs } = step(node.state, input, this.atUs);
    node.state = state;
    node.wakeAtUs = wakeAtUs;
    for (const effect of effects) {
      node.effects.push({ atUs: this.atUs, effect });
      if (effect.kind === 'send') this.#send(side, effect.bytes);
    }
  }

  #send(from: Side, bytes: Uint8Array): void {
    const packet = decodeBfd(bytes) ?? assert.fail('a packet of ours is too short');
    const sent = { atUs: this.atUs, from, packet };
    this.sent.push(sent);
    const after = this.fate(sent);
    if (after !== undefined) this.#inFlight.push({ atUs: this.atUs + after, to: other(from), bytes });
  }

  /** Bytes as from the other side, with this TTL. */
  receive(side: Side, bytes: Uint8Array, ttl = 255): void {
    const packet = { port: 'single', source: ADDRESS[other(side)], sourcePort: 49152, destination: ADDRESS[side], ttl, bytes } as const;
    this.give(side, { kind: 'packet', packet });
  }

  /** A right packet of the other side's session as it stands, changed. */
  forge(side: Side, changed: Partial<BfdControl> = {}): Uint8Array {
    const theirs = this.session(other(side));
    return encodeBfd({
      ...plainControl,
      state: theirs.state,
      myDiscriminator: theirs.discriminator,
      yourDiscriminator: this.session(side).discriminator,
      desiredMinTxUs: theirs.desiredMinTxUs,
      requiredMinRxUs: theirs.requiredMinRxUs,
      ...changed,
    });
  }

  /** What comes next is done, until `untilUs` or until `enough`; answers whether it was. */
  run(untilUs: number, enough: () => boolean = () => false): boolean {
    while (!enough()) {
      const { a, b } = this.#nodes;
      const next = Math.min(a.wakeAtUs ?? Infinity, b.wakeAtUs ?? Infinity, ...this.#inFlight.map(({ atUs }) => atUs));
      if (next > untilUs) {
        this.atUs = untilUs;
        return false;
      }
      assert.ok(next >= this.atUs, 'time does not go back');
      this.atUs = next;
      const landed = this.#inFlight.filter(({ atUs }) => atUs <= next);
      this.#inFlight = this.#inFlight.filter(({ atUs }) => atUs > next);
      for (const { to, bytes } of landed) this.receive(to, bytes);
      for (const side of ['a', 'b'] as const) {
        if ((this.#nodes[side].wakeAtUs ?? Infinity) <= this.atUs) this.give(side, { kind: 'wake' });
      }
    }
    return true;
  }

  /** A side's one session. @throws AssertionError where it has none */
  session(side: Side): Session {
    return this.#nodes[side].state.sessions[0] ?? assert.fail(`${side} has no session`);
  }

  machine(side: Side): BfdMachine {
    return this.#nodes[side].state;
  }

  get bothUp(): boolean {
    return this.session('a').state === 'up' && this.session('b').state === 'up';
  }

  /** Runs until both are up and have exchanged their intervals. */
  up(): void {
    const settled = () => this.bothUp && !this.session('a').polling && !this.session('b').polling;
    assert.ok(this.run(this.atUs + 5 * S, settled), 'both come up');
    this.run(this.atUs + 50 * MS);
  }

  /** The events of a side since `fromUs`. */
  events(side: Side, fromUs = 0): readonly boolean[] {
    return this.#nodes[side].effects.flatMap(({ atUs, effect }) => (effect.kind === 'event' && atUs >= fromUs ? [effect.up] : []));
  }

  lines(side: Side, fromUs = 0): readonly string[] {
    return this.#nodes[side].effects.flatMap(({ atUs, effect }) => (effect.kind === 'log' && atUs >= fromUs ? [effect.text] : []));
  }

  sentBy(side: Side, fromUs = 0): readonly Sent[] {
    return this.sent.filter(({ from, atUs }) => from === side && atUs >= fromUs);
  }
}
