// Where the proxies of this host can be asked: /run/weir/proxy/COOKIE.PID.sock, for root alone. One line of JSON goes in, lines of JSON come out.
import { readdirSync, unlinkSync } from 'node:fs';
import { unlessCode } from '../sys/errno.js';
import { makeFolders } from '../sys/files/make-folders.js';
import { startTime } from '../sys/processes/child.js';

const RUN = '/run/weir';
const FOLDER = `${RUN}/proxy`;
const FOLDER_MODE = 0o700;

export const proxySocketPath = (cookie: string, pid: number): string => `${FOLDER}/${cookie}.${pid}.sock`;

interface ProxySocket {
  readonly cookie: string;
  readonly pid: number;
  readonly path: string;
}

function allSockets(): readonly ProxySocket[] {
  const names = unlessCode(() => readdirSync(FOLDER), ['ENOENT', 'ENOTDIR'], []);
  return names.flatMap((name) => {
    const [, cookie = '', pid = ''] = /^(\d+)\.(\d+)\.sock$/.exec(name) ?? [];
    return cookie === '' ? [] : [{ cookie, pid: Number(pid), path: `${FOLDER}/${name}` }];
  });
}

/** Of proxies in a network namespace whose process lives. */
export const proxySockets = (cookie: string): readonly ProxySocket[] =>
  allSockets().filter((one) => one.cookie === cookie && startTime(one.pid) !== undefined);

/** The folder is there, without sockets of processes that are gone. @throws SystemError */
export function prepareProxySockets(): void {
  makeFolders(RUN);
  makeFolders(FOLDER, FOLDER_MODE);
  for (const { pid, path } of allSockets()) if (startTime(pid) === undefined) unlessCode(() => unlinkSync(path), ['ENOENT'], undefined);
}
