// weir dashboard: the dashboard of the control API at a loopback address, for the browser of who started it.
import { randomBytes } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import type { Server } from 'node:http';
import { type AddressInfo, createConnection } from 'node:net';
import { apiSocketPaths } from '../../host/api-sockets.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { unlessCode } from '../../sys/errno.js';
import { command, expectWords } from '../command.js';
import { type Loopback, loopbackServer } from '../dashboard/loopback-server.js';

const USAGE = `usage: weir dashboard [--listen ADDRESS:PORT] [--socket PATH]
       the dashboard for browsers, until it is stopped; it prints the address to open, with a key that is new at each start
       --listen  127.0.0.1 or [::1] with a port; default: 127.0.0.1:8480, and port 0 is any that is free
       --socket  of the control API; default: /run/weir/api.sock, or without the right to write there /run/weir/read.sock
       who opens that address may do what you may do by that socket (docs/dashboard.md)
       exit status: 0 stopped, 1 no API answers, or the address is taken
`;
const TYPES = { listen: 'value', socket: 'value' } as const;

const DEFAULT = '127.0.0.1:8480';
const [PORT_MAX, KEY_BYTES] = [65_535, 24] as const;

/** @throws WeirError dashboard-listen */
function readListen(given: string): { readonly host: string; readonly port: number } {
  const [, four, six, digits] = /^(?:(127(?:\.\d{1,3}){3})|\[(::1)\]):(\d{1,5})$/.exec(given) ?? [];
  const [host, port] = [four ?? six, Number(digits)];
  if (host === undefined || port > PORT_MAX) throw new WeirError('dashboard-listen', { given });
  return { host, port };
}

const mayWrite = (path: string): boolean =>
  unlessCode(
    () => {
      accessSync(path, constants.R_OK | constants.W_OK);
      return true;
    },
    ['EACCES', 'EPERM', 'ENOENT'],
    false,
  );

/** @throws WeirError api-unreachable */
const checkAnswered = (path: string): Promise<void> =>
  new Promise((done, fail) => {
    const socket = createConnection(path);
    socket.once('connect', () => {
      socket.destroy();
      done();
    });
    socket.once('error', (error) => fail(new WeirError('api-unreachable', { path, why: error.message }, { cause: error })));
  });

/** The port that it got. @throws SystemError */
const listen = (server: Server, host: string, port: number): Promise<number> =>
  new Promise((done, fail) => {
    server.once('error', fail);
    server.listen({ host, port }, () => {
      server.off('error', fail);
      done((server.address() as AddressInfo).port);
    });
  });

const untilSignal = (): Promise<void> =>
  new Promise((done) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => done());
  });

export const run = command({ name: 'weir dashboard', usage: USAGE, types: TYPES }, async ({ flags, words }, io) => {
  expectWords(words, 0);
  const { host, port } = readListen(flags.listen ?? DEFAULT);
  const { write, read } = apiSocketPaths();
  const socket = flags.socket ?? (mayWrite(write) ? write : read);
  await checkAnswered(socket);
  const key = randomBytes(KEY_BYTES).toString('base64url');
  let loopback: Loopback | undefined;
  const server = loopbackServer(() => loopback as Loopback);
  const bound = await listen(server, host, port);
  const authority = `${host.includes(':') ? `[${host}]` : host}:${bound}`;
  loopback = { authority, port: bound, key, socket };
  io.out(`http://${authority}/?key=${key}\n`);
  io.flush();
  await untilSignal();
  server.close();
  server.closeAllConnections();
  return 0;
});
