// A mail relay that takes every mail.
import { createServer, type Socket } from 'node:net';
import type { Netns } from '../../../src/sys/namespaces/netns.js';
import { boundIn } from './servers.js';
import { RELAY } from './world.js';

/** `From`, `Date` and the like are the daemon's own. */
const subjectOf = (mail: string): string => /^Subject: (.*)$/m.exec(mail)?.[1]?.trim() ?? '';
/** Without the line of weir's own behind keepalived's text. */
const bodyOf = (mail: string): string =>
  mail
    .slice(mail.indexOf('\r\n\r\n') + 4)
    .replace(/(<=\r\n\r\n)[A-Z_]+: .*/, '$1')
    .replace(/\s+/g, ' ')
    .trim();

function converse(socket: Socket, mailed: (text: string) => void): void {
  let rest = '';
  let mail: string | undefined;
  const send = (line: string): void => void socket.write(`${line}\r\n`);
  const take = (line: string): void => {
    if (mail !== undefined) {
      if (line !== '.') mail += `${line}\r\n`;
      else {
        mailed(`${subjectOf(mail)} | ${bodyOf(mail)}`);
        mail = undefined;
        send('250 taken');
      }
    } else if (/^DATA/i.test(line)) {
      mail = '';
      send('354 go on');
    } else if (/^QUIT/i.test(line)) {
      send('221 bye');
      socket.end();
    } else send('250 ok');
  };
  send('220 relay');
  socket.on('error', () => socket.destroy());
  socket.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\r\n');
    rest = lines.pop() ?? '';
    for (const line of lines) take(line);
  });
}

/** @returns what ends it */
export function relay(netns: Netns, mailed: (text: string) => void): () => void {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    converse(socket, mailed);
  });
  server.listen({ fd: boundIn(netns, { address: RELAY, port: 25, protocol: 'tcp' }) });
  return () => {
    server.close();
    for (const socket of open) socket.destroy();
  };
}
