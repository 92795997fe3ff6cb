// Events to FIFOs and notify scripts. An instance's scripts run one after the other, in the order of its events (notify-queue.ts).

import type { Effect } from '../../../control/vrrp/messages.js';
import type { GlobalSettings } from '../../../model/keepalived/global.js';
import type { Script } from '../../../model/keepalived/script.js';
import type { Log } from '../../../model/log-level.js';
import { NotifyFifos } from '../../notify/notify-fifos.js';
import { NotifyQueue, type NotifyRun, TURN_MAX_MS } from '../../notify/notify-queue.js';
import type { ResolvedScript } from '../../scripts/resolve-script.js';

type Notify = Extract<Effect, { kind: 'notify' }>;

/** keepalived waits so long for scripts at stop. */
const STOP_MS = 1000;
/** From then on all that still wait run beside those that hold them up, so that a STOP script runs whatever hangs before it. */
const STOP_ORDERED_MS = 500;

/** The line of an event, byte for byte as keepalived writes it. */
export const eventLine = ({ type, name, event, priority }: Pick<Notify, 'type' | 'name' | 'event' | 'priority'>): string =>
  `${type} "${name}" ${event} ${priority}\n`;

export class Notifier {
  readonly #queues = new Map<string, NotifyQueue>();
  readonly #fifos: NotifyFifos;

  constructor(
    readonly resolve: (script: Script) => ResolvedScript,
    readonly log: Log,
    readonly turnMaxMs = TURN_MAX_MS,
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
    const queue = this.#queues.get(key) ?? new NotifyQueue(effect.name, this.log, this.turnMaxMs);
    this.#queues.set(key, queue);
    const words = [effect.type, effect.name, effect.event, String(effect.priority)];
    queue.add(
      effect.scripts.flatMap(({ script, withArguments }): readonly NotifyRun[] => {
        const resolved = this.resolve(script);
        return resolved.kind === 'disabled' ? [] : [{ script: resolved, arguments: withArguments ? words : [], name: script.text }];
      }),
    );
  }

  /** FIFO readers end before the STOP events, as keepalived has it. */
  stopReaders(): void {
    this.#fifos.stopReaders();
  }

  /** Waits until all scripts have run, a second at most; then FIFOs go. */
  async close(): Promise<void> {
    const began = Date.now();
    await this.#ended(began + STOP_ORDERED_MS);
    for (const queue of this.#queues.values()) queue.startAll();
    await this.#ended(began + STOP_MS);
    this.#fifos.close();
  }

  /** Until nothing runs any more, or that time has come. */
  async #ended(until: number): Promise<void> {
    for (;;) {
      const all = [...this.#queues.values()].flatMap((queue) => queue.running());
      if (all.length === 0 || Date.now() >= until) return;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((done) => {
        timer = setTimeout(done, until - Date.now());
      });
      await Promise.race([Promise.race(all), late]);
      clearTimeout(timer);
      await Promise.resolve();
    }
  }
}
