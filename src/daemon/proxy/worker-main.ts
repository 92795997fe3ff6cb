// The main function of a process of the proxy: messages of the supervisor until it drains; without a supervisor it drains, too.
import type { FromWorker, ToWorker } from './messages.js';
import { ProxyWorker } from './worker.js';

/** When the supervisor is gone. */
const ORPHAN_DRAIN_MS = 30_000;

export function runProxyWorker(): Promise<number> {
  return new Promise((done) => {
    let worker: ProxyWorker | undefined;
    const send = (message: FromWorker): void => {
      if (process.connected) process.send?.(message, undefined, undefined, () => {});
    };
    const receive = (message: ToWorker): void => {
      if (message.kind === 'start') {
        worker = new ProxyWorker(message, send, () => done(0));
        send({ kind: 'ready' });
      } else if (message.kind === 'configure') worker?.configure(message);
      else if (message.kind === 'ticket-keys') worker?.setTicketKeys(message.ticketKeys);
      else if (message.kind === 'orders') worker?.order(message.orders);
      else if (message.kind === 'drain') worker?.drain(message.deadlineMs, message.closing);
      else worker?.reopenLog();
    };
    process.on('message', (message) => receive(message as ToWorker));
    process.on('disconnect', () => (worker === undefined ? done(1) : worker.drain(ORPHAN_DRAIN_MS)));
    // a terminal sends these to the whole group; the supervisor decides
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const) process.on(signal, () => {});
  });
}
