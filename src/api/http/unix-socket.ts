// A Unix socket that the API listens on: one of a process that is gone is replaced, one that answers is left alone.
import { chmodSync, chownSync, unlinkSync } from 'node:fs';
import type { Server } from 'node:http';
import { createConnection } from 'node:net';
import { dirname } from 'node:path';
import { WeirError } from '../../model/errors/weir-error.js';
import { hasCode, unlessCode } from '../../sys/errno.js';
import { makeFolders } from '../../sys/files/make-folders.js';

const CLOSED_UMASK = 0o177;
/** Clients that connect while a request is answered: Node's own 511 are few for dashboards that all connect again after a restart. */
const BACKLOG = 4096;

export interface UnixSocket {
  readonly path: string;
  readonly mode: number;
  readonly gid: number;
}

/** Whether a process answers there. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((done, fail) => {
    const socket = createConnection(path);
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', (error) => {
      if (hasCode(error, 'ENOENT', 'ECONNREFUSED', 'ENOTSOCK')) done(false);
      else fail(error);
    });
  });
}

/** No process can connect before its mode is set. @throws WeirError api-socket-taken; SystemError */
export async function listenOn(server: Server, { path, mode, gid }: UnixSocket): Promise<void> {
  makeFolders(dirname(path));
  if (await isAnswered(path)) throw new WeirError('api-socket-taken', { path });
  unlessCode(() => unlinkSync(path), ['ENOENT'], undefined);
  const before = process.umask(CLOSED_UMASK);
  const listening = new Promise<void>((done, fail) => {
    server.once('error', fail);
    server.listen({ path, backlog: BACKLOG }, () => {
      server.off('error', fail);
      done();
    });
  });
  process.umask(before);
  await listening;
  chownSync(path, 0, gid);
  chmodSync(path, mode);
}
