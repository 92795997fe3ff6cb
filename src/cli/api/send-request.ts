// A request to the control API and its answer, which is printed as it comes: by a Unix socket of this host, or by HTTPS of another one.
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { request } from 'node:https';
import { parseToken } from '../../model/api-token.js';
import { isWeirError, WeirError } from '../../model/errors/weir-error.js';
import type { Io } from '../io.js';
import { readText } from '../read-text.js';

const REFUSED = 400;

export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly body: string | undefined;
}

export interface RequestFlags {
  readonly 'if-match'?: string;
  readonly accept?: string;
  readonly type?: string;
  readonly head?: boolean;
}

interface HostFlags extends RequestFlags {
  readonly 'token-file'?: string;
  readonly cacert?: string;
  readonly cert?: string;
  readonly key?: string;
}

type Send = (options: RequestOptions, answered: (answer: IncomingMessage) => void) => ClientRequest;

function headers({ method, body }: ApiRequest, flags: RequestFlags): Record<string, string> {
  const type = flags.type ?? (method === 'PATCH' ? 'application/merge-patch+json' : 'application/json');
  return {
    accept: flags.accept ?? 'application/json',
    ...(body === undefined ? {} : { 'content-type': type, 'content-length': String(Buffer.byteLength(body)) }),
    ...(flags['if-match'] === undefined ? {} : { 'if-match': flags['if-match'] }),
  };
}

function printHead({ statusCode = 0, statusMessage = '', rawHeaders }: IncomingMessage, io: Io): void {
  const lines = rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${rawHeaders[index + 1] ?? ''}\n`] : []));
  io.out(`${statusCode} ${statusMessage}\n${lines.join('')}\n`);
}

/** As it comes. The exit status. @throws WeirError output-unwritable; the system's error where the answer ends too early */
async function printAnswer(answer: IncomingMessage, { head }: RequestFlags, io: Io): Promise<number> {
  if (head === true) printHead(answer, io);
  answer.setEncoding('utf8');
  for await (const text of answer) {
    io.out(String(text));
    io.flush();
  }
  return (answer.statusCode ?? REFUSED) < REFUSED ? 0 : 1;
}

/** The exit status. @throws WeirError output-unwritable; the system's error where no process answers */
export function sendRequest(send: Send, asked: ApiRequest, flags: RequestFlags, io: Io): Promise<number> {
  const { method, path, body } = asked;
  return new Promise((done, fail) => {
    const sent = send({ method, path, headers: { host: 'localhost', ...headers(asked, flags) } }, (answer) => {
      printAnswer(answer, flags, io).then(done, fail);
    });
    sent.on('error', fail);
    sent.end(body);
  });
}

/** Nothing secret is in the command line, which all users of a host may read. @throws WeirError api-url, file-unreadable */
function connectionOf(url: string, flags: HostFlags): { readonly options: RequestOptions & Record<string, string>; readonly host: string } {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || parsed.protocol !== 'https:' || parsed.pathname !== '/' || parsed.username !== '' || parsed.search !== '')
    throw new WeirError('api-url', { given: url });
  for (const [given, other] of [
    ['cert', 'key'],
    ['key', 'cert'],
  ] as const)
    if (flags[given] !== undefined && flags[other] === undefined) throw new WeirError('option-missing', { option: `--${other}` });
  const file = (name: string, path: string | undefined): Record<string, string> => (path === undefined ? {} : { [name]: readText(path) });
  return {
    host: parsed.host,
    options: {
      hostname: parsed.hostname.replace(/^\[|\]$/g, ''),
      port: parsed.port === '' ? '443' : parsed.port,
      ...file('ca', flags.cacert),
      ...file('cert', flags.cert),
      ...file('key', flags.key),
    },
  };
}

/** @throws WeirError file-unreadable, option-value */
function readToken(path: string): string {
  const token = readText(path).trim();
  if (parseToken(token) === undefined)
    throw new WeirError('option-value', {
      option: '--token-file',
      expected: 'a file with one token, as weir api token new prints it',
      given: path,
    });
  return token;
}

/** @throws WeirError api-url, api-unreachable, file-unreadable, option-missing, option-value */
export async function askHost(url: string, asked: ApiRequest, flags: HostFlags, io: Io): Promise<number> {
  const { options, host } = connectionOf(url, flags);
  const path = flags['token-file'];
  const authorization = path === undefined ? {} : { authorization: `Bearer ${readToken(path)}` };
  const send: Send = (given, answered) =>
    request({ ...given, ...options, headers: { ...(given.headers as Record<string, string>), host, ...authorization } }, answered);
  try {
    return await sendRequest(send, asked, flags, io);
  } catch (error) {
    // Of the system, or of TLS: a certificate that no authority has signed.
    if (isWeirError(error) || !(error instanceof Error) || !('code' in error)) throw error;
    throw new WeirError('api-unreachable', { path: url, why: error.message }, { cause: error });
  }
}
