// The wrapper program (bench/wrap.bpf.c) as an object: gives a program under test a fresh frame of the next flow each time,
// and returns what that program costs alone.
import { native } from '../src/sys/addon.js';
import { type BpfMap, ObjectFile, type Program } from '../src/sys/bpf/bpf-objects.js';
import { FRAME_LENGTH, type Template, WORDS_MAX } from './frames.js';
import { middleMean } from './median.js';

/** Flow n has address `address + (n >> portBits)` and port `port + (n & (2^portBits - 1))`; n runs over 2^flowBits. */
export interface Flows {
  readonly template: Template;
  readonly varies: 'source' | 'target';
  readonly protocol: 'tcp' | 'udp';
  readonly address: number;
  readonly port: number;
  readonly flowBits: number;
  readonly portBits: number;
  /** `scattered`: every flow once in each round, in an order without locality. */
  readonly order: 'counted' | 'scattered';
  /** The flow before the first one. */
  readonly from: number;
  /** Generator only: the device to send through. */
  readonly redirect: number;
}

const CONTROL_SIZE = 160;
/** Of the generator's interval and of when its next frame is due. */
const [INTERVAL_AT, DUE_AT] = [144, 152] as const;
const key = new Uint8Array(4);

const controlBytes = (flows: Flows): Uint8Array => {
  const bytes = new Uint8Array(CONTROL_SIZE);
  const view = new DataView(bytes.buffer);
  flows.template.words.forEach((word, index) => view.setBigUint64(index * 8, word, true));
  const source = flows.varies === 'source';
  const numbers = [
    flows.template.bytes.length,
    flows.order === 'counted' ? 1 : 0,
    2 ** flows.flowBits - 1,
    flows.from,
    flows.address,
    flows.portBits,
    source ? 0 : 32,
    flows.port,
    2 ** flows.portBits - 1,
    source ? 0 : 16,
    flows.template.ipSum,
    flows.template.l4Sum,
    flows.protocol === 'udp' ? 1 : 0,
    flows.redirect,
  ];
  numbers.forEach((number, index) => view.setUint32(WORDS_MAX * 8 + index * 4, number, true));
  return bytes;
};

/** struct xdp_md of a frame of `length` bytes that came in by a device. */
export const xdpFrom = (length: number, ifindex: number): Uint8Array => {
  const bytes = new Uint8Array(24);
  const view = new DataView(bytes.buffer);
  view.setUint32(4, length, true);
  view.setUint32(12, ifindex, true);
  return bytes;
};

/** struct __sk_buff of a packet that came in by a device. */
export const skbFrom = (ifindex: number): Uint8Array => {
  const ctx = new Uint8Array(192);
  new DataView(ctx.buffer).setUint32(36, ifindex, true);
  new DataView(ctx.buffer).setUint32(40, ifindex, true);
  return ctx;
};

/** What the wrapper calls, and with which frames: an XDP program without or with frags, or one for tc; `6`: with frames of IPv6. */
export type Kind = 'plain' | 'plain6' | 'frags' | 'tc' | 'tc6';
/** The programs of a hook share a slot. */
export const hookOf = (kind: Kind): 'plain' | 'frags' | 'tc' => {
  if (kind === 'plain6') return 'plain';
  return kind === 'tc6' ? 'tc' : kind;
};

export interface Run {
  /** Mean ns a run. */
  readonly nanoseconds: number;
  /** The last run's verdict. */
  readonly verdict: number;
}

export const XDP_PASS = 2;
export const XDP_REDIRECT = 4;
export const TC_UNSPEC = 0xffffffff;
export const TC_REDIRECT = 7;
const LIVE_FRAMES = 2;
const LIVE_BATCH = 64;

export class Wrapper {
  readonly #object: ObjectFile;
  readonly #programs = new Map<string, Program>();
  readonly #maps = new Map<string, BpfMap>();
  readonly #under = new Map<string, Program>();
  /** The frame that is passed to the kernel, which reads its protocol and destination MAC once, before the first run. */
  #frame: Uint8Array = new Uint8Array(FRAME_LENGTH);

  /** `path`: the compiled bench/wrap.bpf.c. `table`: a director's connection table, for `runForgetting`. */
  constructor(
    readonly path: string,
    table?: BpfMap,
  ) {
    const object = new ObjectFile(path);
    this.#object = (table === undefined ? object : object.reuseMap('table', table)).load();
    const hitKey = new BigUint64Array([1n, 2n]);
    this.#map('hits').update(new Uint8Array(hitKey.buffer), Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0));
  }

  #map(name: string): BpfMap {
    const map = this.#maps.get(name) ?? this.#object.map(name);
    this.#maps.set(name, map);
    return map;
  }

  program(name: string): Program {
    const program = this.#programs.get(name) ?? this.#object.program(name);
    this.#programs.set(name, program);
    return program;
  }

  /** The next frames are of these flows. */
  use(flows: Flows): void {
    this.#map('control').update(key, controlBytes(flows));
    this.#frame = flows.template.bytes;
  }

  /** Puts a program behind the wrapper for its kind. Each change waits until all CPUs have left the one before, which takes up to 40 ms. */
  under(program: Program, kind: Kind): void {
    const hook = hookOf(kind);
    if (this.#under.get(hook) === program) return;
    const value = new Uint32Array([program.fd.number]);
    this.#map(`slot_${hook}`).update(key, new Uint8Array(value.buffer));
    this.#under.set(hook, program);
  }

  /** The program of a kind that does nothing. */
  empty(kind: Kind): Program {
    return this.program(`empty_${hookOf(kind)}`);
  }

  /** The program of XDP that makes a frame longer, and no more. */
  longer(): Program {
    return this.program('longer_plain');
  }

  #test(program: Program, repeat: number, ifindex: number, kind: Kind = 'plain'): Run {
    const ctx = hookOf(kind) === 'tc' ? skbFrom(ifindex) : xdpFrom(this.#frame.length, ifindex);
    const result = program.test({ data: this.#frame, repeat, ctx });
    return { nanoseconds: result.duration, verdict: result.retval };
  }

  /** Runs the wrapper and what is behind it on `repeat` frames that come in by `ifindex`. */
  run(kind: Kind, repeat: number, ifindex: number): Run {
    return this.#test(this.program(`wrap_${kind}`), repeat, ifindex, kind);
  }

  /** As `run`, but each frame is a test of its own, whose memory is fresh; ns: the middle one. */
  runApart(kind: Kind, repeat: number, ifindex: number): Run {
    const program = this.program(`wrap_${kind}`);
    const each = Array.from({ length: repeat }, () => this.#test(program, 1, ifindex, kind));
    return { nanoseconds: middleMean(each.map(({ nanoseconds }) => nanoseconds)), verdict: each.at(-1)?.verdict ?? Number.NaN };
  }

  /** A wrapper that can take connections out of this table. */
  over(table: BpfMap): Wrapper {
    return new Wrapper(this.path, table);
  }

  /** As `run`, but the frame's connection is out of the table first; flow n's is in slot `places[n]`. At most 16 flows. */
  runForgetting(places: readonly number[], repeat: number, ifindex: number): Run {
    const place = new Uint32Array(1);
    const flow = new Uint32Array(1);
    places.forEach((slot, index) => {
      flow[0] = index;
      place[0] = slot;
      this.#map('places').update(new Uint8Array(flow.buffer), new Uint8Array(place.buffer));
    });
    return this.#test(this.program('wrap_forget'), repeat, ifindex);
  }

  /** ns of one hit on a preallocated HASH of one hot 16-byte key. */
  hashHit(repeat: number, ifindex: number): number {
    return this.#eighth('hash_hits', XDP_PASS, repeat, ifindex);
  }

  /** ns of one bpf_redirect, of which every forwarded packet needs one. */
  redirect(repeat: number, ifindex: number): number {
    return this.#eighth('redirect_plain', XDP_REDIRECT, repeat, ifindex);
  }

  /** ns of one of the eight calls of a program. */
  #eighth(name: string, verdict: number, repeat: number, ifindex: number): number {
    const calls = this.#test(this.program(name), repeat, ifindex);
    const none = this.#test(this.empty('plain'), repeat, ifindex);
    if (calls.verdict !== verdict) throw new Error(`${name} returned ${calls.verdict}, not ${verdict}`);
    return (calls.nanoseconds - none.nanoseconds) / 8;
  }

  /** Sends `frames` live frames, the next flows in order, as if they had come in by `ifindex`; ns of one, everything included. */
  generate(frames: number, ifindex: number): number {
    const test = {
      data: new Uint8Array(FRAME_LENGTH),
      repeat: frames,
      ctx: xdpFrom(FRAME_LENGTH, ifindex),
      flags: LIVE_FRAMES,
      batchSize: LIVE_BATCH,
      outSize: 0,
    };
    return this.program('generate').test(test).duration;
  }

  /** From now on the generator sends this often, at least 50,000 a second; 0: as fast as it can. */
  pace(framesPerSecond: number): void {
    const bytes = new Uint8Array(CONTROL_SIZE);
    this.#map('control').lookup(key, bytes);
    const view = new DataView(bytes.buffer);
    view.setUint32(INTERVAL_AT, framesPerSecond === 0 ? 0 : Math.floor(1e9 / framesPerSecond), true);
    view.setBigUint64(DUE_AT, 0n, true);
    this.#map('control').update(key, bytes);
  }

  /** Frames that the sink has dropped so far. */
  sunk(): bigint {
    const counts = new BigUint64Array(native().possibleCpus());
    this.#map('sunk').lookup(key, new Uint8Array(counts.buffer));
    return counts.reduce((sum, count) => sum + count, 0n);
  }

  close(): void {
    for (const each of [...this.#programs.values(), ...this.#maps.values()]) each.close();
    this.#object.close();
  }
}
