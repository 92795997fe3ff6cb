// Notifies the service manager (sd_notify(3)): Type=notify, reloads, its watchdog.
import { isSystemError } from '../../sys/errno.js';
import { UnixDatagram } from '../../sys/sockets/unix-datagram.js';

export interface ServiceManager {
  /** `READY=1`, `STATUS=…`; one variable a line. */
  notify(text: string): void;
  /** How often it wants WATCHDOG=1, ms; absent: never. */
  readonly watchdogMs?: number;
}

/** Reads NOTIFY_SOCKET and WATCHDOG_USEC and takes them out of the environment: they are not for our scripts. */
export function serviceManager(environment: NodeJS.ProcessEnv = process.env): ServiceManager {
  const path = environment['NOTIFY_SOCKET'];
  const watchdogUs = Number(environment['WATCHDOG_USEC'] ?? 0);
  delete environment['NOTIFY_SOCKET'];
  delete environment['WATCHDOG_USEC'];
  delete environment['WATCHDOG_PID'];
  if (path === undefined || path === '') return { notify: () => {} };
  return {
    notify: (text) => {
      try {
        const socket = UnixDatagram.connect(path);
        try {
          socket.send(text);
        } finally {
          socket.close();
        }
      } catch (error) {
        // There is no listener any more: the manager restarted or we were started by hand with its variables.
        if (!isSystemError(error)) throw error;
      }
    },
    ...(watchdogUs > 0 ? { watchdogMs: watchdogUs / 1000 } : {}),
  };
}
