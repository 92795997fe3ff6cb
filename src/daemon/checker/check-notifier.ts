// FIFO lines and scripts about virtual servers and real servers. The scripts of one of them run one after the other.
import type { CheckEffect } from '../../control/check/messages.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { Script } from '../../model/keepalived/script.js';
import type { Log } from '../../model/log-level.js';
import { NotifyFifos } from '../notify/notify-fifos.js';
import { NotifyQueues } from '../notify/notify-queues.js';
import type { ResolvedScript } from '../scripts/resolve-script.js';

type Notify = Extract<CheckEffect, { kind: 'notify' }>;

export class CheckNotifier {
  readonly #fifos: NotifyFifos;
  readonly #queues: NotifyQueues;

  constructor(
    readonly resolve: (script: Script) => ResolvedScript,
    readonly log: Log,
  ) {
    this.#fifos = new NotifyFifos(resolve, log);
    this.#queues = new NotifyQueues(log);
  }

  /** notify_fifo gets these lines, too. Its reader is VRRP's to start, where there is VRRP. */
  configure({ global: { notifyFifo, lvsNotifyFifo }, instances }: KeepalivedConfiguration): void {
    const { script: _, ...withoutScript } = notifyFifo ?? { path: '' };
    const all = notifyFifo === undefined ? undefined : instances.length > 0 ? withoutScript : notifyFifo;
    this.#fifos.configure({ lvs: lvsNotifyFifo, all });
  }

  /** Never waits. */
  notify({ line, script }: Notify): void {
    this.#fifos.write(`${line}\n`);
    if (script === undefined) return;
    const resolved = this.resolve(script);
    if (resolved.kind === 'disabled') return;
    const who = line.replace(/ (UP|DOWN)$/, '');
    this.#queues.add(who, who, [{ script: resolved, arguments: [], name: script.text }]);
  }

  /** FIFO readers end before the last events, as keepalived has it. */
  stopReaders(): void {
    this.#fifos.stopReaders();
  }

  /** Waits for scripts, a second at most; then FIFOs go. */
  async close(): Promise<void> {
    await this.#queues.close();
    this.#fifos.close();
  }
}
