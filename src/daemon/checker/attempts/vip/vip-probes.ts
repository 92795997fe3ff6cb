// All attempts of VIP_CHECK: the ports and sockets that they share, and the rate at which they begin.
import { randomInt } from 'node:crypto';
import type { Attempt } from '../../../../control/check/messages.js';
import type { ProbeInput } from '../../../../control/check/probe.js';
import type { PathNumbers } from '../../../../control/check/vip/path-state.js';
import { pathTargets } from '../../../../control/check/vip/targets.js';
import type { Family } from '../../../../model/address.js';
import { type VipCheck, vipCheckObstacle } from '../../../../model/keepalived/vip-check.js';
import { monotonicUs } from '../../../../sys/clock.js';
import { hasCode, isSystemError, reasonOf } from '../../../../sys/errno.js';
import { PortBlock } from '../../../../sys/sockets/port-block.js';
import { PROBE_PORTS } from '../../../../wire/probe-filter.js';
import type { Carrier } from '../attempt-run.js';
import { HopFinder } from './hop-finder.js';
import { ProbeLine } from './probe-line.js';
import { VipAttempt } from './vip-attempt.js';

/** At most 2,000 probes begin in a second, 200 of them at the same moment. */
const SPACING_US = 500;
const BURST_US = 100_000;
/** Closing a packet socket waits for all CPUs, so it is not done after every attempt. */
const IDLE_MS = 300_000;
const PORT_TRIES = 200;
const [LOWEST_BLOCK, BLOCKS] = [32_768 / PROBE_PORTS, 28_000 / PROBE_PORTS];

const CLOSED: Carrier = { send: () => {}, close: () => {} };

type Feed = (input: ProbeInput) => void;

export class VipProbes {
  readonly #hops = new HopFinder();
  /** By family and interface. */
  readonly #lines = new Map<string, ProbeLine>();
  readonly #blocks = new Map<Family, PortBlock>();
  #idle: NodeJS.Timeout | undefined;
  #nextUs = 0;
  #port = 0;

  /** `served`: ports of virtual servers, to which nothing may be answered. */
  constructor(readonly served: () => ReadonlySet<number>) {}

  /** Never reports before it returns. */
  open(attempt: Attempt, check: VipCheck, feed: Feed): Carrier {
    const obstacle = vipCheckObstacle(check, attempt.target);
    if (obstacle !== undefined) {
      setImmediate(() => feed({ kind: 'failed', phase: 'unreachable', reason: obstacle }));
      return CLOSED;
    }
    let running: VipAttempt | undefined;
    const timer = setTimeout(() => {
      running = this.#begin(attempt, check, feed);
    }, this.#delayMs(check.vips.length));
    return {
      send: () => {},
      close: () => {
        clearTimeout(timer);
        running?.close();
      },
    };
  }

  /** Until its turn comes. */
  #delayMs(probes: number): number {
    const nowUs = monotonicUs();
    const dueUs = Math.max(this.#nextUs, nowUs - BURST_US);
    this.#nextUs = dueUs + SPACING_US * probes;
    return Math.max(0, dueUs - nowUs) / 1000;
  }

  /** Undefined: it has ended already. */
  #begin(attempt: Attempt, check: VipCheck, feed: Feed): VipAttempt | undefined {
    const { address, port } = attempt.target;
    try {
      const found = this.#hops.find(
        address,
        check.vips.map((vip) => vip.address),
      );
      if (found.kind !== 'hop') {
        if (this.#lines.size === 0) this.#hops.close();
        feed({ kind: 'failed', phase: found.kind === 'failed' ? 'connect' : 'unreachable', reason: found.text });
        return undefined;
      }
      const line = this.#lineOn(address.family, found.hop.ifindex);
      return new VipAttempt(
        pathTargets(check, { address, port }),
        found.hop,
        line,
        () => this.#numbers(line),
        attempt.connectTimeoutUs / 1000,
        (failure) => feed(failure === undefined ? { kind: 'connected' } : { kind: 'failed', phase: 'connect', reason: failure }),
      );
    } catch (error) {
      if (!isSystemError(error)) throw error;
      feed({ kind: 'failed', phase: 'unreachable', reason: reasonOf(error) });
      return undefined;
    }
  }

  #numbers(line: ProbeLine): PathNumbers {
    const { first } = this.#block(line.family);
    const nextPort = (): number => {
      this.#port = (this.#port + 1) % PROBE_PORTS;
      return first + this.#port;
    };
    const sequence = (): number => {
      for (;;) {
        const number = randomInt(2 ** 32);
        if (!line.hasSequence(number)) return number;
      }
    };
    return { port: nextPort(), lastPort: nextPort(), sequence: sequence(), lastSequence: sequence() };
  }

  #lineOn(family: Family, ifindex: number): ProbeLine {
    this.#idle ??= setTimeout(() => this.#closeIdle(), IDLE_MS).unref();
    this.#idle.refresh();
    const id = `${family} ${ifindex}`;
    const known = this.#lines.get(id);
    if (known !== undefined) return known;
    const line = new ProbeLine(family, ifindex, this.#block(family).first);
    this.#lines.set(id, line);
    return line;
  }

  /** @throws SystemError EADDRINUSE: none is free */
  #block(family: Family): PortBlock {
    const known = this.#blocks.get(family);
    if (known !== undefined) return known;
    const served = this.served();
    for (let left = PORT_TRIES; ; left--) {
      const first = (LOWEST_BLOCK + randomInt(BLOCKS)) * PROBE_PORTS;
      const isServed = Array.from({ length: PROBE_PORTS }, (_, step) => first + step).some((port) => served.has(port));
      if (isServed && left > 0) continue;
      try {
        const block = new PortBlock(family, first, PROBE_PORTS);
        this.#blocks.set(family, block);
        return block;
      } catch (error) {
        if (left <= 0 || !hasCode(error, 'EADDRINUSE')) throw error;
      }
    }
  }

  #closeIdle(): void {
    if ([...this.#lines.values()].every((line) => line.isIdle)) this.close();
    else this.#idle?.refresh();
  }

  /** Nothing stays open; the next attempt opens what it needs. */
  close(): void {
    clearTimeout(this.#idle);
    this.#idle = undefined;
    this.#hops.close();
    for (const line of this.#lines.values()) line.close();
    this.#lines.clear();
    for (const block of this.#blocks.values()) block.close();
    this.#blocks.clear();
  }
}
