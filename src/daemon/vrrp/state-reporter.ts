// Reports the states of the instances to the supervisor, which publishes them: soon after a change of state, and within a second what else
// changed, counters too. Where there are many instances that is less often: to report must stay a small part of the process's work.
import type { Counters } from '../../control/vrrp/state/counters.js';
import type { InstanceState } from '../../control/vrrp/state/instance-state.js';
import type { PublishedInstance, PublishedVrrp } from '../../host/published-vrrp.js';
import { native } from '../../sys/addon.js';
import { monotonicUs } from '../../sys/clock.js';
import { startTime } from '../../sys/processes/child.js';
import type { FromChild } from '../process/messages.js';
import { OnceATurn } from '../process/once-a-turn.js';

const INTERVAL_MS = 1000;
/** The pause after a report lasts so many times as long as the report. */
const PAUSE_PER_REPORT = 200;

function waitOf({ connectionsWait: wait }: InstanceState): Pick<PublishedInstance, 'connectionsWait'> {
  if (wait === undefined || wait === 'over' || wait.peers.length === 0) return {};
  return { connectionsWait: { peers: wait.peers, untilUs: wait.untilWallUs } };
}

function instanceOf(instance: InstanceState): PublishedInstance {
  const { config, state, priority, faults, lastTransitionWallUs: sinceUs, counters, split } = instance;
  const { name, vrid, interface: device = '' } = config;
  const counted: Partial<Counters> = Object.fromEntries(Object.entries(counters).filter(([, count]) => count > 0));
  return {
    ...{ name, state, sinceUs, interface: device, vrid, priority, faults },
    ...waitOf(instance),
    ...(instance.release === undefined ? {} : { released: true }),
    counters: counted,
    split: split !== undefined,
  };
}

/** What is reported besides the instances. */
type OfProcess = Required<Pick<PublishedVrrp, 'scripts' | 'lateness'>> & Pick<PublishedVrrp, 'director'>;

export class StateReporter {
  readonly #cookie = String(native().netnsCookie());
  readonly #started = startTime(process.pid) ?? '';
  readonly #timer: NodeJS.Timeout;
  readonly #soon = new OnceATurn<'report'>(() => this.#report());
  /** What was sent last, as text. */
  #sent = '';
  #pauseUntilUs = 0;

  constructor(
    readonly instances: () => readonly InstanceState[],
    readonly ofProcess: () => OfProcess,
    readonly send: (message: FromChild) => void,
  ) {
    this.#timer = setInterval(() => this.#reportInTime(), INTERVAL_MS).unref();
    this.changed();
  }

  changed(): void {
    this.#soon.ask('report');
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #reportInTime(): void {
    if (monotonicUs() >= this.#pauseUntilUs) this.#report();
  }

  #report(): void {
    const begunUs = monotonicUs();
    const states = { instances: this.instances().map(instanceOf), ...this.ofProcess() };
    const text = JSON.stringify(states);
    if (text !== this.#sent) {
      this.#sent = text;
      this.send({ kind: 'vrrpStates', cookie: this.#cookie, pid: process.pid, started: this.#started, ...states });
    }
    const nowUs = monotonicUs();
    this.#pauseUntilUs = nowUs + PAUSE_PER_REPORT * (nowUs - begunUs);
  }
}
