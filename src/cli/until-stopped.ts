// Commands that run until they are stopped.
import { mistakeText } from '../model/errors/message-of.js';
import type { Log } from '../model/log-level.js';

/** Until SIGTERM or SIGINT; SIGHUP changes nothing. `stop`: of what runs. */
export async function untilStopped(log: Log, stop: () => void | Promise<void>): Promise<number> {
  process.on('uncaughtException', (error) => {
    log('error', mistakeText(error));
    process.exit(1);
  });
  await new Promise<void>((done) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => done());
    process.on('SIGHUP', () => {});
  });
  await stop();
  return 0;
}
