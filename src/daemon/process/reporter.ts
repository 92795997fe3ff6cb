// Reports the state of a process to the supervisor, which publishes it: soon after a change, and within a second what else changed, counters too.
// Where there is much of it that is less often: to report must stay a small part of the process's work.
import { native } from '../../sys/addon.js';
import { monotonicUs } from '../../sys/clock.js';
import { startTime } from '../../sys/processes/child.js';
import type { ReportingProcess } from './messages.js';
import { OnceATurn } from './once-a-turn.js';

const INTERVAL_MS = 1000;
/** The pause after a report lasts so many times as long as the report. */
const PAUSE_PER_REPORT = 200;

export class Reporter<States extends object> {
  readonly #process: ReportingProcess = { cookie: String(native().netnsCookie()), pid: process.pid, started: startTime(process.pid) ?? '' };
  readonly #timer: NodeJS.Timeout;
  readonly #soon = new OnceATurn<'report'>(() => this.#report());
  /** What was sent last, as text. */
  #sent = '';
  #pauseUntilUs = 0;

  constructor(
    readonly read: () => States,
    readonly send: (states: States & ReportingProcess) => void,
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
    const states = this.read();
    const text = JSON.stringify(states);
    if (text !== this.#sent) {
      this.#sent = text;
      this.send({ ...states, ...this.#process });
    }
    const nowUs = monotonicUs();
    this.#pauseUntilUs = nowUs + PAUSE_PER_REPORT * (nowUs - begunUs);
  }
}
