// Events to FIFOs and notify scripts. An instance's scripts run one after the other, in the order of its events (notify-queue.ts).

import type { Effect } from '../../../control/vrrp/messages.js';
import type { GlobalSettings } from '../../../model/keepalived/global.js';
import type { Script } from '../../../model/keepalived/script.js';
import type { Log } from '../../../model/log-level.js';
import { NotifyFifos } from '../../notify/notify-fifos.js';
import type { NotifyRun } from '../../notify/notify-queue.js';
import { NotifyQueues } from '../../notify/notify-queues.js';
import type { ResolvedScript } from '../../scripts/resolve-script.js';

type Notify = Extract<Effect, { kind: 'notify' }>;

/** The line of an event, byte for byte as keepalived writes it. */
export const eventLine = ({ type, name, event, priority }: Pick<Notify, 'type' | 'name' | 'event' | 'priority'>): string =>
  `${type} "${name}" ${event} ${priority}\n`;

export class Notifier {
  readonly #queues: NotifyQueues;
  readonly #fifos: NotifyFifos;

  constructor(
    readonly resolve: (script: Script) => ResolvedScript,
    readonly log: Log,
    turnMaxMs?: number,
  ) {
    this.#fifos = new NotifyFifos(resolve, log);
    this.#queues = new NotifyQueues(log, turnMaxMs);
  }

  /** Opens the FIFOs of a configuration. */
  configure({ notifyFifo, vrrpNotifyFifo }: GlobalSettings): void {
    this.#fifos.configure({ notifyFifo, vrrpNotifyFifo });
  }

  /** Never waits. */
  notify(effect: Notify): void {
    this.#fifos.write(eventLine(effect));
    const words = [effect.type, effect.name, effect.event, String(effect.priority)];
    this.#queues.add(
      `${effect.type} ${effect.name}`,
      effect.name,
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
    await this.#queues.close();
    this.#fifos.close();
  }
}
