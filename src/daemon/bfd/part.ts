// The BFD child's part: sessions with neighbours, whose state is reported to VRRP and the checker, and their dump file.
import type { Session } from '../../control/bfd/state.js';
import { bfdLines } from '../../dump/bfd.js';
import type { PublishedBfd } from '../../host/published-bfd.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { BfdInstance } from '../../model/keepalived/trackers.js';
import type { Log } from '../../model/log-level.js';
import { monotonicUs } from '../../sys/clock.js';
import { hostClocks } from '../dump-files/host-clocks.js';
import { globalText } from '../dump-files/parent-dump.js';
import { ReloadRecord } from '../dump-files/reload-record.js';
import { dataPath, writeDump } from '../dump-files/write-dump.js';
import { CpuScheduling } from '../process/cpu-scheduling.js';
import type { ChildOptions, DumpKind, FromChild } from '../process/messages.js';
import type { Part, StartPart } from '../process/part.js';
import { Reporter } from '../process/reporter.js';
import { BfdProcess } from './bfd-process.js';
import { PublishedSessions } from './published-sessions.js';

/**
 * A session has so long to come up before it is reported as down, ms. VRRP takes all sessions for down at its own start; later, one that
 * is new, or one of a process that follows one that died, must not end a mastership that its neighbour does not end.
 */
const GRACE_MS = 3000;

/** Neighbours that miss us sooner than this, µs, must not wait for whatever else computes here. */
const URGENT_US = 100_000;
/** Above every ordinary process, below the kernel's own threads; bfd_rt_priority and bfd_priority override it. */
const URGENT_PRIORITY = 10;

/** Whether a neighbour misses us soon, and no setting decides how this process is scheduled. */
function isUrgent({ global, bfds }: KeepalivedConfiguration): boolean {
  const { rtPriority, priority } = global.processes.bfd;
  return rtPriority === undefined && priority === undefined && bfds.some(({ minTxUs, multiplier }) => minTxUs * multiplier < URGENT_US);
}

/** Whether its clients should know that it is not up. A neighbour that took itself out of service is no failure (RFC 5882 §4.2). */
export const isReportedDown = ({ state, remoteState, wentUp }: Pick<Session, 'state' | 'remoteState' | 'wentUp'>): boolean =>
  state !== 'up' && !(remoteState === 'adminDown' && wentUp > 0);

class BfdPart implements Part {
  #configuration: KeepalivedConfiguration;
  #grace: NodeJS.Timeout;
  readonly #cpuScheduling: CpuScheduling;
  readonly #bfd: BfdProcess;
  readonly #record: ReloadRecord;
  #states: Pick<Reporter<PublishedBfd>, 'changed' | 'close'> | undefined;

  constructor(
    configuration: KeepalivedConfiguration,
    readonly options: ChildOptions,
    readonly log: Log,
    readonly send: (message: FromChild) => void,
  ) {
    this.#cpuScheduling = new CpuScheduling('bfd', log);
    this.#schedule(configuration);
    this.#configuration = configuration;
    this.#bfd = new BfdProcess({ sessions: configuration.bfds, log, onEvent: (session, up) => this.#onEvent(session, up) });
    const published = new PublishedSessions();
    this.#states = new Reporter(
      () => published.of(this.#bfd.describe().state, Date.now() * 1000),
      (states) => send({ kind: 'bfdStates', ...states }),
    );
    this.#grace = this.#startGrace();
    if (options.dump) for (const line of this.#text().trimEnd().split('\n')) log('info', line);
    this.#record = new ReloadRecord('bfd', () => this.#text(), log);
  }

  #schedule(configuration: KeepalivedConfiguration): void {
    this.#cpuScheduling.configure(configuration.global.processes.bfd, isUrgent(configuration) ? { rtPriority: URGENT_PRIORITY } : {});
  }

  #onEvent(session: BfdInstance, up: boolean): void {
    this.#sendEvent(session, up);
    this.#states?.changed();
  }

  #sendEvent({ name, events }: BfdInstance, up: boolean): void {
    this.send({ kind: 'bfd', name, up, sentAtUs: monotonicUs(), events });
  }

  #startGrace(): NodeJS.Timeout {
    return setTimeout(() => this.#sendDown(), GRACE_MS);
  }

  #sendUp(): void {
    for (const { config, state } of this.#bfd.describe().state.sessions) if (state === 'up') this.#sendEvent(config, true);
  }

  #sendDown(): void {
    for (const session of this.#bfd.describe().state.sessions) if (isReportedDown(session)) this.#sendEvent(session.config, false);
  }

  #text(): string {
    const lines = bfdLines(this.#bfd.describe(), hostClocks());
    return `${globalText(this.#configuration)}${lines.map((line) => `${line}\n`).join('')}`;
  }

  reload(next: KeepalivedConfiguration): Promise<void> {
    return this.#record.around(this.#configuration.global, next.global, () => {
      this.#configuration = next;
      this.#schedule(next);
      this.#bfd.reload(next.bfds);
      this.#states?.changed();
      // A process that did not subscribe before may do so now.
      this.#sendUp();
      clearTimeout(this.#grace);
      this.#grace = this.#startGrace();
    });
  }

  dump(what: DumpKind): void {
    if (what !== 'data') return;
    this.log('info', `Printing BFD data for process(${process.pid}) on signal`);
    writeDump(dataPath('_bfd', this.#configuration.global, this.options.identSuffix), this.#text(), this.log);
  }

  async stop(): Promise<void> {
    clearTimeout(this.#grace);
    this.#states?.close();
    this.#bfd.stop();
  }
}

export const startBfd: StartPart = (configuration, options, log, send) => new BfdPart(configuration, options, log, send);
