// A table of connections in memory: slots as the datapath has them, what packets do to it, and the rule of bpf/director/apply.h for what another director has.
import { Abi } from '../../../src/datapath/ebpf/abi.gen.js';
import { clockDifference, unitsOf } from '../../../src/datapath/ebpf/table/clock.js';
import { KEY_WORD, SLOT_WORDS, VALUE_WORD } from '../../../src/datapath/ebpf/table/living-slots.js';
import { TCP_STATES, type TcpState } from '../../../src/datapath/tcp-state.js';
import type { Applied, Rivalry } from '../../../src/model/foreign-connection.js';

export const HZ = 250;
/** Seconds; the states that do not stand here are not used. */
const TIMES: Partial<Record<TcpState, number>> = { ESTABLISHED: 60, SYN_RECV: 20, FIN_WAIT: 30, TIME_WAIT: 30, CLOSE: 25 };
const stateOf = (name: TcpState): number => TCP_STATES.indexOf(name);
export const unitsOfState = (state: number): number => unitsOf(TIMES[TCP_STATES[state] ?? 'NONE'] ?? 2, HZ);
export const MARGIN_UNITS = unitsOf(0.1, HZ);

const STATE_SHIFT = Abi.V_STATE_SHIFT - 32;
const SLOTS = 48;
export const [EXPIRES, HIGH] = [VALUE_WORD, VALUE_WORD + 1];
const destOf = (high: number): number => high & Abi.V_DEST_MASK;
export const stateIn = (high: number): number => (high >>> STATE_SHIFT) & 15;
export const highOf = (dest: number, state: number): number => dest | (state << STATE_SHIFT);

export type Packet = 'syn' | 'ack' | 'data' | 'fin' | 'rst';

/** A record of a page (apply-abi.h), times in clock units. */
export interface ApplyRecord {
  readonly key: number;
  readonly dest: number;
  readonly state: number;
  readonly left: number;
  readonly idle: number;
  readonly ended: boolean;
  readonly rival: boolean;
  /** The other director had its last packet itself. */
  readonly isOwn: boolean;
}

/** `margin`: clock units. */
interface Verdict {
  readonly wins: boolean;
  readonly margin: number;
}

export interface Living {
  readonly key: number;
  readonly dest: number;
  readonly state: number;
  readonly left: number;
  readonly idle: number;
}

function stateAfter(state: number, packet: Packet): number {
  if (packet === 'rst') return stateOf('CLOSE');
  if (packet === 'ack' && state === stateOf('SYN_RECV')) return stateOf('ESTABLISHED');
  if (packet !== 'fin') return state;
  if (state === stateOf('FIN_WAIT')) return stateOf('TIME_WAIT');
  return state === stateOf('ESTABLISHED') || state === stateOf('SYN_RECV') ? stateOf('FIN_WAIT') : state;
}

const isOver = (state: number): boolean => state === stateOf('TIME_WAIT') || state === stateOf('CLOSE');

export class MemoryTable {
  readonly words = new Uint32Array(SLOTS * SLOT_WORDS);
  isFull = false;
  #made = 0;

  /** `now`: clock units. */
  constructor(readonly now: () => number) {}

  *slots(): Iterable<number> {
    for (let at = 0; at < this.words.length; at += SLOT_WORDS) if (this.#isLiving(at)) yield at;
  }

  #isLiving(at: number): boolean {
    return destOf(this.words[at + HIGH] ?? 0) !== 0 && clockDifference(this.words[at + EXPIRES] ?? 0, this.now()) >= 0;
  }

  livingAt(at: number): Living {
    const [key = 0, expires = 0, high = 0] = [KEY_WORD, EXPIRES, HIGH].map((word) => this.words[at + word]);
    const left = clockDifference(expires, this.now());
    return { key, dest: destOf(high), state: stateIn(high), left, idle: unitsOfState(stateIn(high)) - left };
  }

  /** The first word of its slot. */
  find(key: number): number | undefined {
    for (const at of this.slots()) if (this.words[at + KEY_WORD] === key) return at;
    return undefined;
  }

  get(key: number): Living | undefined {
    const at = this.find(key);
    return at === undefined ? undefined : this.livingAt(at);
  }

  end(at: number): void {
    this.words.fill(0, at + EXPIRES, at + HIGH + 1);
  }

  #set(at: number, key: number, high: number, left: number): void {
    this.words[at + KEY_WORD] = key;
    this.words[at + KEY_WORD + 1] = 0;
    this.words[at + EXPIRES] = (this.now() + left) >>> 0;
    this.words[at + HIGH] = high;
  }

  /** A connection does not come into the slot of the one before it. */
  #make(key: number, high: number, left: number): number | undefined {
    for (let n = 0; n < SLOTS; n++) {
      const at = ((key + this.#made + n) % SLOTS) * SLOT_WORDS;
      if (this.#isLiving(at)) continue;
      this.#made += 5;
      this.#set(at, key, high, left);
      return at;
    }
    return undefined;
  }

  /** What it leads to; undefined: it is dropped. */
  packet(key: number, packet: Packet, scheduled: number): Living | undefined {
    let at = this.find(key);
    const old = at === undefined ? undefined : this.livingAt(at);
    if (old === undefined || (packet === 'syn' && isOver(old.state))) {
      if (packet !== 'syn') return undefined;
      const state = stateOf('SYN_RECV');
      // One that is over is replaced where it stands, or ended first.
      if (at !== undefined && scheduled % 2 === 0) this.#set(at, key, highOf(scheduled, state), unitsOfState(state));
      else {
        if (at !== undefined) this.end(at);
        at = this.#make(key, highOf(scheduled, state), unitsOfState(state));
      }
    } else if (at !== undefined) {
      const state = stateAfter(old.state, packet);
      this.#set(at, key, highOf(old.dest, state), unitsOfState(state));
    }
    return at === undefined ? undefined : this.livingAt(at);
  }

  /** apply_locked. `placed`: gets its slot's first word. */
  apply(record: ApplyRecord, rivalry: Verdict & Rivalry, placed: (at: number) => void): Applied {
    for (let tries = 0; tries < 4; tries++) {
      const at = this.find(record.key);
      if (at !== undefined) {
        const done = this.#change(at, record, rivalry);
        if (done === undefined) continue;
        placed(at);
        return done;
      }
      if (record.ended || (record.rival && record.idle > unitsOf(Math.min(rivalry.fresh, 2678400), HZ))) return 'gone';
      const made = this.isFull ? undefined : this.#make(record.key, highOf(record.dest, record.state), record.left);
      if (made === undefined) return 'full';
      placed(made);
      return 'made';
    }
    return 'busy';
  }

  /** apply_change; undefined: it must be tried again. */
  #change(at: number, record: ApplyRecord, { wins, margin }: Verdict): Applied | undefined {
    const here = this.livingAt(at);
    const same = here.dest === record.dest;
    if (!same && record.ended) return 'left';
    const alike = same && (record.ended || here.state === record.state);
    const longer = record.rival && here.state === record.state && here.left >= record.left;
    if (same && !record.ended && longer) return 'changed';
    if (record.rival && isNewer(here, record, alike, { wins, margin })) return 'newer';
    if (!same || record.ended) {
      this.end(at);
      return same ? 'ended' : undefined;
    }
    this.#set(at, record.key, highOf(record.dest, record.state), record.left);
    return 'changed';
  }
}

/** newer_here */
function isNewer(here: Living, { idle }: ApplyRecord, alike: boolean, { wins, margin }: Verdict): boolean {
  const later = idle - here.idle;
  return later > (wins ? margin >> 1 : margin) || (!alike && !wins && later >= -margin);
}
