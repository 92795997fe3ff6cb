// One question to HAProxy's stats socket, and its answer.
import { createConnection } from 'node:net';

const ANSWER_MAX = 64 * 1024 * 1024;
const WAIT_MS = 5000;

/** Commands of one line, separated by `;`. @throws Error where the socket does not answer in time */
export function askHaproxy(path: string, commands: string): Promise<string> {
  return new Promise((done, fail) => {
    const socket = createConnection(path);
    let answer = '';
    socket.setEncoding('utf8');
    socket.setTimeout(WAIT_MS, () => socket.destroy(new Error('no answer')));
    socket.on('connect', () => socket.write(`${commands}\n`));
    socket.on('data', (text: string) => {
      answer += text;
      if (answer.length > ANSWER_MAX) socket.destroy(new Error('the answer has no end'));
    });
    socket.on('error', fail);
    socket.on('end', () => done(answer));
  });
}
