// Clients that have had one answer and keep their connections: opened from a namespace by this process, over one reactor.
import { parseAddress } from '../src/model/address-text.js';
import { Events, Reactor } from '../src/sys/reactor/reactor.js';
import { socketAddress } from '../src/sys/sockets/socket-address.js';
import { inside } from './inside.js';
import { until } from './wait.js';

/** What a listener's queue takes in one go. */
const BURST = 500;
const SLAB_BYTES = 65_536;
/** The request stands before it. */
const RECEIVE_AT = 4096;

/** Calls `use` while `count` clients of address:port, each of which had one answer, are idle. @throws Error where one was not answered */
export async function withIdleClients<T>(
  namespace: string,
  address: string,
  port: number,
  count: number,
  use: () => Promise<T>,
): Promise<T> {
  const target = parseAddress(address);
  if (target === undefined) throw new Error(`no address: ${address}`);
  const fds: number[] = [];
  let answered = 0;
  const reactor = new Reactor(
    SLAB_BYTES,
    (fd, events) => {
      const bytes = (events & Events.readable) === 0 ? 0 : reactor.recv(fd, RECEIVE_AT, SLAB_BYTES - RECEIVE_AT);
      if (bytes > 0) answered++;
    },
    () => {},
  );
  const request = reactor.slab.write(`GET / HTTP/1.1\r\nHost: ${address}\r\n\r\n`, 0, 'latin1');
  try {
    while (fds.length < count) {
      const some = Array.from({ length: Math.min(BURST, count - fds.length) }, () =>
        inside(namespace, () => reactor.connect(socketAddress(target, port))),
      );
      const failed = some.find((fd) => fd < 0);
      if (failed !== undefined) throw new Error(`no connection to ${address}:${port}: error ${-failed}`);
      fds.push(...some);
      await ask(reactor, some, request);
      await until(`${fds.length} answers`, () => answered >= fds.length);
    }
    return await use();
  } finally {
    for (const fd of fds) reactor.closeFd(fd);
    reactor.close();
  }
}

/** Sends the request over each, once it is connected. */
async function ask(reactor: Reactor, fds: readonly number[], length: number): Promise<void> {
  const waiting = new Set(fds);
  await until('connections', () => {
    for (const fd of waiting) if (reactor.send(fd, 0, length) === length) waiting.delete(fd);
    return waiting.size === 0;
  });
}
