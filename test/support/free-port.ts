// A port for a process that this test starts. Ports of the ephemeral range may be taken, between here and there, as the source of any connection
// on the machine; those below it are not, and each process of the tests begins at another one.
import { once } from 'node:events';
import { createServer } from 'node:net';

const FIRST = 10_000;
/** Below the ports of closed-port.ts and of net.ipv4.ip_local_port_range. */
const COUNT = 19_900;
/** For as many ports as a test takes. */
const STEP = 20;
let next = process.pid * STEP;

/** A port of 127.0.0.1 on which nothing listens, and another one for each call. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < COUNT; tries++) {
    const port = FIRST + (next++ % COUNT);
    const server = createServer();
    const isFree = await new Promise<boolean>((done, fail) => {
      server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? done(false) : fail(error)));
      server.listen(port, '127.0.0.1', () => done(true));
    });
    if (!isFree) continue;
    await once(server.close(), 'close');
    return port;
  }
  throw new Error(`no free port of ${COUNT}`);
}
