// How many connections one client may have: none may take all that a server has.
import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';

export interface ClientBound {
  readonly max: number;
  /** Equal for the connections that are counted together; undefined: it is not bounded. */
  readonly clientOf: (socket: Socket) => string | undefined;
}

export function boundClients(server: Pick<EventEmitter, 'on'>, { max, clientOf }: ClientBound): void {
  const open = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const client = clientOf(socket);
    if (client === undefined) return;
    const count = (open.get(client) ?? 0) + 1;
    if (count > max) {
      socket.destroy();
      return;
    }
    open.set(client, count);
    socket.once('close', () => {
      const left = (open.get(client) ?? 1) - 1;
      if (left === 0) open.delete(client);
      else open.set(client, left);
    });
  });
}
