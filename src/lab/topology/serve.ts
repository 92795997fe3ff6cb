// The built-in servers of labs: `weir lab serve FILE`, run inside a host's namespace. Web sites where nginx is missing, mail, FTP, and chats.
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer as createWebServer } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { onLines } from '../connections/lines.js';
import type { LabSite, MailProtocol } from '../definition/lab.js';
import { chatServer } from './chat-server.js';
import { ftpServer } from './ftp-server.js';
import { firstMail, type MailServer, mailSession } from './mail-sessions.js';

/** sites.ts writes it, in the host's folder. */
export interface ServeFile {
  readonly log: string;
  readonly host: string;
  readonly sites: readonly (LabSite & { readonly body: string })[];
}

/** A file of that name in the host's folder makes its mail server refuse mail. */
const FULL = 'full';
const BACKLOG = 4096;

type Log = (client: string | undefined, port: number, status: number) => void;

const listening = ({ port, address }: LabSite) => ({ port, host: address ?? '0.0.0.0', ipv6Only: true, backlog: BACKLOG });

function serveWeb(site: ServeFile['sites'][number], log: Log): void {
  const text = `${site.body}\n`;
  createWebServer((request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': Buffer.byteLength(text) });
    response.end(request.method === 'HEAD' ? undefined : text);
    log(request.socket.remoteAddress, site.port, 200);
  }).listen(listening(site));
}

/** Holds a session line by line. A client that goes away in the middle of one is no failure of the server. */
function converse(socket: Socket, protocol: MailProtocol, server: MailServer, served: () => void): void {
  const session = mailSession(protocol, server);
  const answer = ({ send, ends = false, served: counts = false }: ReturnType<typeof session.begin>): void => {
    if (counts) served();
    if (send !== '') socket.write(send, 'latin1');
    if (ends) socket.end();
  };
  onLines(socket, (line) => {
    if (socket.writable) answer(session.line(line));
  });
  answer(session.begin());
}

function serveMail(site: LabSite, protocol: MailProtocol, server: MailServer, log: Log): void {
  createServer((socket) => {
    const client = socket.remoteAddress;
    converse(socket, protocol, server, () => log(client, site.port, 250));
  }).listen(listening(site));
}

function serveFtp(site: ServeFile['sites'][number], host: string, log: Log): void {
  const { port, body } = site;
  ftpServer({ host, body, served: (client) => log(client, port, 226) }).listen(listening(site));
}

/** Serves until the process ends, whose id is in a file beside its own, `mail.pid` for `mail.json`. */
export function serve(path: string): Promise<never> {
  const { log: logFile, host, sites } = JSON.parse(readFileSync(path, 'utf8')) as ServeFile;
  const log: Log = (client = '-', port, status) => appendFileSync(logFile, `${client.replace(/^::ffff:/, '')} ${port} ${status}\n`);
  const greeting = sites.find(({ protocol }) => protocol !== undefined)?.body ?? '';
  const full = join(dirname(path), FULL);
  const mails = [firstMail(host, greeting)];
  const server: MailServer = { host, greeting, mails, isFull: () => existsSync(full) };
  writeFileSync(path.replace(/\.json$/, '.pid'), `${process.pid}\n`);
  for (const site of sites) {
    if (site.protocol === undefined) serveWeb(site, log);
    else if (site.protocol === 'ftp') serveFtp(site, host, log);
    else if (site.protocol === 'chat') chatServer(host, (client) => log(client, site.port, 200)).listen(listening(site));
    else serveMail(site, site.protocol, server, log);
  }
  return new Promise(() => {});
}
