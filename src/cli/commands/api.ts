// weir api: a client of the control API of this host; and with serve the API itself.
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { faultText, readWeirFile } from '../../config/weir/read.js';
import { openLog } from '../../daemon/log/log.js';
import { LOG_FACILITIES } from '../../daemon/log/log-options.js';
import { apiSocketPaths } from '../../host/api-sockets.js';
import type { ConfiguredApi } from '../../model/api-settings.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { isSystemError } from '../../sys/errno.js';
import { command, expectWords } from '../command.js';
import type { Flags } from '../flags.js';
import type { Io } from '../io.js';
import { readText } from '../read-text.js';
import { untilStopped } from '../until-stopped.js';

const USAGE = `usage: weir api METHOD PATH [BODY] [--if-match ETAG] [--accept TYPE] [--type TYPE] [--head] [--socket PATH]
       sends a request to the control API of this host, and prints its answer: weir api GET /v1 lists the resources (docs/api.md)
       METHOD      GET, POST, PUT, PATCH or DELETE
       BODY        JSON; @FILE is that file's text, and - is standard input
       --if-match  the ETag that the change was made for, or *
       --accept    as application/x-ndjson, one value a line, or text/event-stream
       --type      of BODY; default: application/json, of PATCH application/merge-patch+json
       --head      prints the status and the head before the answer
       --socket    default: /run/weir/api.sock, or without the right to write there /run/weir/read.sock
       exit status: 0 answered, 1 refused or no API answers
       weir api serve [--config FILE] [--detail]
       is the API until it is stopped; weir run with a weir.yaml has one as a process of its own
       --config    a weir.yaml, whose section api names the sockets
`;
const TYPES = {
  'if-match': 'value',
  accept: 'value',
  type: 'value',
  head: 'flag',
  socket: 'value',
  config: 'value',
  detail: 'flag',
} as const;
type Given = Flags<typeof TYPES>;

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
const REFUSED = 400;

/** @throws WeirError file-unreadable */
function readBody(text: string): string {
  if (text === '-') return readFileSync(0, 'utf8');
  return text.startsWith('@') ? readText(text.slice(1)) : text;
}

function headers(method: string, body: string | undefined, flags: Given): Record<string, string> {
  const type = flags.type ?? (method === 'PATCH' ? 'application/merge-patch+json' : 'application/json');
  return {
    host: 'localhost',
    accept: flags.accept ?? 'application/json',
    ...(body === undefined ? {} : { 'content-type': type, 'content-length': String(Buffer.byteLength(body)) }),
    ...(flags['if-match'] === undefined ? {} : { 'if-match': flags['if-match'] }),
  };
}

interface Sent {
  readonly socket: string;
  readonly method: string;
  readonly path: string;
  readonly body: string | undefined;
}

/** Prints the answer as it comes. @throws the system's error where no process answers */
function send({ socket, method, path, body }: Sent, flags: Given, io: Io): Promise<number> {
  return new Promise((done, fail) => {
    const sent = request({ socketPath: socket, method, path, headers: headers(method, body, flags) }, (answer) => {
      const { statusCode = 0, statusMessage = '', rawHeaders } = answer;
      if (flags.head === true) {
        const lines = rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${rawHeaders[index + 1] ?? ''}\n`] : []));
        io.out(`${statusCode} ${statusMessage}\n${lines.join('')}\n`);
      }
      answer.setEncoding('utf8');
      answer.on('data', (text: string) => {
        io.out(text);
        io.flush();
      });
      answer.on('end', () => done(statusCode < REFUSED ? 0 : 1));
      answer.on('error', fail);
    });
    sent.on('error', fail);
    sent.end(body);
  });
}

const cannotWrite = (error: unknown): boolean => isSystemError(error) && (error.code === 'EACCES' || error.code === 'EPERM');

/** @throws WeirError api-unreachable */
async function ask(given: Omit<Sent, 'socket'>, flags: Given, io: Io): Promise<number> {
  const { write, read } = apiSocketPaths();
  const sockets = flags.socket === undefined ? [write, read] : [flags.socket];
  for (const [index, socket] of sockets.entries()) {
    try {
      return await send({ socket, ...given }, flags, io);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      if (cannotWrite(error) && index + 1 < sockets.length) continue;
      throw new WeirError('api-unreachable', { path: socket, why: error.message }, { cause: error });
    }
  }
  throw new WeirError('api-unreachable', { path: read, why: 'no socket is left' });
}

/** @throws WeirError api-file */
function configured(path: string | undefined): ConfiguredApi | undefined {
  if (path === undefined) return undefined;
  const { file, faults } = readWeirFile(readText(path));
  if (faults.length > 0) throw new WeirError('api-file', { faults: faults.map((fault) => faultText(path, fault)) });
  return file.api;
}

async function serve(words: readonly string[], flags: Given): Promise<number> {
  expectWords(words, 0);
  const { startApiAlone } = await import('../../daemon/api/alone.js');
  const facility = LOG_FACILITIES['daemon'] ?? 0;
  const { log, close } = openLog({ detail: flags.detail === true, console: true, syslog: false, facility }, 'weir-api');
  const service = await startApiAlone(configured(flags.config), log);
  const status = await untilStopped(log, () => service.stop());
  close();
  return status;
}

export const run = command({ name: 'weir api', usage: USAGE, types: TYPES }, async ({ flags, words }, io) => {
  const [first, ...rest] = words;
  if (first === undefined) throw new WeirError('usage', { usage: USAGE });
  if (first === 'serve') return serve(rest, flags);
  const [path, body] = rest;
  const method = first.toUpperCase();
  if (!METHODS.includes(method)) throw new WeirError('action-unknown', { given: first, known: [...METHODS, 'serve'].join(', ') });
  if (path === undefined) throw new WeirError('argument-missing', { expected: 'the path, as /v1' });
  if (!/^\/[!-~]*$/.test(path)) throw new WeirError('argument-value', { expected: 'a path that begins with /', given: path });
  expectWords(rest, 2);
  return ask({ method, path, body: body === undefined ? undefined : readBody(body) }, flags, io);
});
