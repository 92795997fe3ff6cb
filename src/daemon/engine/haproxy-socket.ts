// One question to HAProxy's stats socket, and its answer.
import { createConnection } from 'node:net';

const ANSWER_MAX = 64 * 1024 * 1024;
const WAIT_MS = 5000;

/** Commands of one line, separated by `;`. @throws Error where the whole answer does not come in time */
export function askHaproxy(path: string, commands: string, waitMs = WAIT_MS): Promise<string> {
  return new Promise((done, fail) => {
    const socket = createConnection(path);
    let answer = '';
    socket.setEncoding('utf8');
    const timer = setTimeout(() => socket.destroy(new Error('no answer in time')), waitMs);
    socket.on('connect', () => socket.write(`${commands}\n`));
    socket.on('data', (text: string) => {
      answer += text;
      if (answer.length > ANSWER_MAX) socket.destroy(new Error('the answer has no end'));
    });
    socket.on('error', fail);
    socket.on('end', () => done(answer));
    socket.on('close', () => clearTimeout(timer));
  });
}
