// Lines that come by a connection, without their ends. One that is too long ends the connection, and an error is its end.
import type { Socket } from 'node:net';

const LINE_MAX = 65_536;

export function onLines(socket: Socket, take: (line: string) => void): void {
  let rest = '';
  socket.setEncoding('latin1');
  socket.on('error', () => socket.destroy());
  socket.on('data', (text: string) => {
    const whole = (rest + text).split('\n');
    rest = whole.pop() ?? '';
    if (rest.length > LINE_MAX) socket.destroy();
    for (const line of whole) take(line.replace(/\r$/, ''));
  });
}
