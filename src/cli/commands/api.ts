// weir api: a client of the control API of this host; and with serve the API itself.
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import type { ApiFile } from '../../daemon/api/alone.js';
import { openLog } from '../../daemon/log/log.js';
import { LOG_FACILITIES } from '../../daemon/log/log-options.js';
import { apiSocketPaths } from '../../host/api-sockets.js';
import { API_TOKENS } from '../../model/api-settings.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { isSystemError } from '../../sys/errno.js';
import { type ApiRequest, askHost, sendRequest } from '../api/send-request.js';
import { token } from '../api/token.js';
import { command, expectWords } from '../command.js';
import type { Flags } from '../flags.js';
import type { Io } from '../io.js';
import { readText } from '../read-text.js';
import { readWholeFile } from '../read-weir-file.js';
import { untilStopped } from '../until-stopped.js';

const USAGE = `usage: weir api METHOD PATH [BODY] [--if-match ETAG] [--accept TYPE] [--type TYPE] [--head] [--socket PATH]
                [--url URL [--token-file FILE] [--cacert FILE] [--cert FILE --key FILE]]
       sends a request to the control API of this host, and prints its answer: weir api GET /v1 lists the resources (docs/api.md)
       METHOD        GET, POST, PUT, PATCH or DELETE
       BODY          JSON; @FILE is that file's text, and - is standard input
       --if-match    the ETag that the change was made for, or *
       --accept      as application/x-ndjson, one value a line, or text/event-stream
       --type        of BODY; default: application/json, of PATCH application/merge-patch+json
       --head        prints the status and the head before the answer
       --socket      default: /run/weir/api.sock, or without the right to write there /run/weir/read.sock
       --url         of another host's API: https://192.0.2.1:8443
       --token-file  has the token, as weir api token new prints it
       --cacert      the authorities that may have signed the host's certificate, in PEM; default: those of Node
       --cert, --key the client's certificate and its key, in PEM
       exit status: 0 answered, 1 refused or no API answers
       weir api serve [--config FILE] [--detail]
       is the API until it is stopped; weir run with a weir.yaml has one as a process of its own
       --config      a weir.yaml, whose section api names the sockets
       weir api token new NAME [--scope read|drain|write] [--confidential] [--expires TIME|never] [--tokens FILE]
       makes a token for the API over TCP and prints it; it is stored as a digest, and is not printed again
       --scope       default: read
       --confidential  it may see the addresses of clients, too, the findings of doctor and the journal; with write it does
       --expires     30d, 12h; default: 90d
       --tokens      default: ${API_TOKENS}
       weir api token list [--tokens FILE]
       weir api token revoke NAME [--tokens FILE]
`;
const TYPES = {
  'if-match': 'value',
  accept: 'value',
  type: 'value',
  head: 'flag',
  socket: 'value',
  url: 'value',
  'token-file': 'value',
  cacert: 'value',
  cert: 'value',
  key: 'value',
  config: 'value',
  detail: 'flag',
  scope: 'value',
  confidential: 'flag',
  expires: 'value',
  tokens: 'value',
} as const;
type Given = Flags<typeof TYPES>;

/** Options by what they are for. */
const OPTIONS_OF = {
  'a request': ['if-match', 'accept', 'type', 'head', 'socket', 'url', 'token-file', 'cacert', 'cert', 'key'],
  'weir api serve': ['config', 'detail'],
  'weir api token': ['tokens'],
  'weir api token new': ['scope', 'confidential', 'expires', 'tokens'],
} as const satisfies Readonly<Record<string, readonly (keyof Given)[]>>;
type Form = keyof typeof OPTIONS_OF;

function formOf(first: string, [verb]: readonly string[]): Form {
  if (first === 'serve') return 'weir api serve';
  if (first !== 'token') return 'a request';
  return verb === 'new' ? 'weir api token new' : 'weir api token';
}

/** @throws WeirError option-not-here: an option is given that is for something else */
function checkOptions(form: Form, flags: Given): void {
  const own: readonly string[] = OPTIONS_OF[form];
  for (const [only, names] of Object.entries(OPTIONS_OF)) {
    const stray = names.filter((name) => flags[name] !== undefined && !own.includes(name));
    if (stray.length > 0) throw new WeirError('option-not-here', { options: stray.map((name) => `--${name}`).join(', '), only });
  }
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** @throws WeirError file-unreadable */
function readBody(text: string): string {
  if (text === '-') return readFileSync(0, 'utf8');
  return text.startsWith('@') ? readText(text.slice(1)) : text;
}

const cannotWrite = (error: unknown): boolean => isSystemError(error) && (error.code === 'EACCES' || error.code === 'EPERM');

/** @throws WeirError api-unreachable; file-unreadable, api-url */
async function ask(given: ApiRequest, flags: Given, io: Io): Promise<number> {
  if (flags.url !== undefined) return askHost(flags.url, given, flags, io);
  const { write, read } = apiSocketPaths();
  const sockets = flags.socket === undefined ? [write, read] : [flags.socket];
  for (const [index, socket] of sockets.entries()) {
    try {
      return await sendRequest((options, answered) => request({ ...options, socketPath: socket }, answered), given, flags, io);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      if (cannotWrite(error) && index + 1 < sockets.length) continue;
      throw new WeirError('api-unreachable', { path: socket, why: error.message }, { cause: error });
    }
  }
  throw new WeirError('api-unreachable', { path: read, why: 'no socket is left' });
}

const fileOf = (path: string): ApiFile => ({ path, first: readWholeFile(path), read: () => readWholeFile(path) });

async function serve(words: readonly string[], flags: Given): Promise<number> {
  expectWords(words, 0);
  const { startApiAlone } = await import('../../daemon/api/alone.js');
  const facility = LOG_FACILITIES['daemon'] ?? 0;
  const { log, close } = openLog({ detail: flags.detail === true, console: true, syslog: false, facility }, 'weir-api');
  const service = await startApiAlone(flags.config === undefined ? undefined : fileOf(flags.config), log);
  const status = await untilStopped(log, () => service.stop());
  close();
  return status;
}

export const run = command({ name: 'weir api', usage: USAGE, types: TYPES }, async ({ flags, words }, io) => {
  const [first, ...rest] = words;
  if (first === undefined) throw new WeirError('usage', { usage: USAGE });
  checkOptions(formOf(first, rest), flags);
  if (first === 'serve') return serve(rest, flags);
  if (first === 'token') return token(rest, flags, io);
  const [path, body] = rest;
  const method = first.toUpperCase();
  if (!METHODS.includes(method)) throw new WeirError('action-unknown', { given: first, known: [...METHODS, 'serve', 'token'].join(', ') });
  if (path === undefined) throw new WeirError('argument-missing', { expected: 'the path, as /v1' });
  if (!/^\/[!-~]*$/.test(path)) throw new WeirError('argument-value', { expected: 'a path that begins with /', given: path });
  expectWords(rest, 2);
  return ask({ method, path, body: body === undefined ? undefined : readBody(body) }, flags, io);
});
