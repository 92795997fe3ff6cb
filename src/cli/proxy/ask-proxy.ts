// Asks a proxy of this host at its socket.
import { createConnection } from 'node:net';
import { WeirError } from '../../model/errors/weir-error.js';
import type { ProxyAnswer, ProxyQuestion } from '../../model/layer7/proxy-talk.js';

const ANSWER_MAX_MS = 3000;

/** @throws WeirError proxy-silent; the system's error */
export function askProxy(path: string, question: ProxyQuestion): Promise<ProxyAnswer> {
  return new Promise((done, fail) => {
    const socket = createConnection(path);
    const silent = (why: string): void => fail(new WeirError('proxy-silent', { path, why }));
    const timer = setTimeout(() => {
      silent(`no answer in ${ANSWER_MAX_MS / 1000} s`);
      socket.destroy();
    }, ANSWER_MAX_MS);
    let text = '';
    socket.setEncoding('utf8');
    socket.on('connect', () => socket.write(`${JSON.stringify(question)}\n`));
    socket.on('data', (piece: string) => {
      text += piece;
      if (!text.includes('\n')) return;
      done(JSON.parse(text.slice(0, text.indexOf('\n'))) as ProxyAnswer);
      socket.destroy();
    });
    socket.on('error', fail);
    socket.on('close', () => {
      clearTimeout(timer);
      silent('it closed the connection');
    });
  });
}
