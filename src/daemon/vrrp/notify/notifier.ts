// Events to FIFOs and notify scripts. An instance's scripts run one after the other, in the order of its events.

import type { Effect } from '../../../control/vrrp/messages.js';
import type { GlobalSettings } from '../../../model/keepalived/global.js';
import type { Script } from '../../../model/keepalived/script.js';
import type { Log } from '../../../model/log-level.js';
import { NotifyFifos } from '../../notify/notify-fifos.js';
import type { ResolvedScript } from '../../scripts/resolve-script.js';
import { type RunningScript, runScript } from '../../scripts/run-script.js';

type Notify = Extract<Effect, { kind: 'notify' }>;

/** Runs that wait for their turn, per instance; the oldest are given up beyond that. */
const QUEUE_MAX = 64;
/** keepalived waits so long for scripts at stop. */
const STOP_MS = 1000;

interface Waiting {
  readonly script: ResolvedScript;
  readonly arguments: readonly string[];
  readonly name: string;
}

interface Queue {
  readonly waiting: Waiting[];
  running: RunningScript | undefined;
  /** Runs given up since the scripts kept up last: logged when it begins and when it is over. */
  givenUp: number;
}

/** The line of an event, byte for byte as keepalived writes it. */
export const eventLine = ({ type, name, event, priority }: Pick<Notify, 'type' | 'name' | 'event' | 'priority'>): string =>
  `${type} "${name}" ${event} ${priority}\n`;

export class Notifier {
  readonly #queues = new Map<string, Queue>();
  readonly #fifos: NotifyFifos;

  constructor(
    readonly resolve: (script: Script) => ResolvedScript,
    readonly log: Log,
  ) {
    this.#fifos = new NotifyFifos(resolve, log);
  }

  /** Opens the FIFOs of a configuration. */
  configure({ notifyFifo, vrrpNotifyFifo }: GlobalSettings): void {
    this.#fifos.configure({ notifyFifo, vrrpNotifyFifo });
  }

  /** Never waits. */
  notify(effect: Notify): void {
    this.#fifos.write(eventLine(effect));
    const key = `${effect.type} ${effect.name}`;
    const queue = this.#queues.get(key) ?? { waiting: [], running: undefined, givenUp: 0 };
    this.#queues.set(key, queue);
    for (const { script, withArguments } of effect.scripts) {
      queue.waiting.push({
        script: this.resolve(script),
        arguments: withArguments ? [effect.type, effect.name, effect.event, String(effect.priority)] : [],
        name: script.text,
      });
    }
    const dropped = queue.waiting.splice(0, Math.max(0, queue.waiting.length - QUEUE_MAX));
    if (dropped.length > 0 && queue.givenUp === 0) {
      this.log('warning', `(${effect.name}) notify scripts are too slow: ${QUEUE_MAX} runs wait, the oldest are given up`);
    }
    queue.givenUp += dropped.length;
    this.#next(queue);
  }

  #next(queue: Queue): void {
    while (queue.running === undefined) {
      const next = queue.waiting.shift();
      if (next === undefined) {
        if (queue.givenUp > 0) {
          this.log('warning', `notify scripts have caught up: ${queue.givenUp} runs were given up`);
          queue.givenUp = 0;
        }
        return;
      }
      if (next.script.kind === 'disabled') continue;
      const started = runScript(next.script, { arguments: next.arguments });
      if (typeof started === 'string') {
        this.log('warning', `Unable to run notify script ${next.name}: ${started}`);
        continue;
      }
      queue.running = started;
      void started.ended.then((outcome) => {
        queue.running = undefined;
        if (outcome.kind === 'exited' && (outcome.status === 126 || outcome.status === 127)) {
          this.log('warning', `Couldn't find command: ${next.name}`);
        }
        this.#next(queue);
      });
    }
  }

  /** FIFO readers end before the STOP events, as keepalived has it. */
  stopReaders(): void {
    this.#fifos.stopReaders();
  }

  /** Waits until all scripts have run, a second at most; then FIFOs go. */
  async close(): Promise<void> {
    const until = Date.now() + STOP_MS;
    while (Date.now() < until && [...this.#queues.values()].some(({ running }) => running !== undefined)) {
      const all = [...this.#queues.values()].flatMap(({ running }) => (running === undefined ? [] : [running.ended]));
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((done) => {
        timer = setTimeout(done, Math.max(0, until - Date.now()));
      });
      await Promise.race([Promise.race(all), late]);
      clearTimeout(timer);
      await Promise.resolve();
    }
    this.#fifos.close();
  }
}
