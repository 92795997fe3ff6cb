// Requests that weir proxy passes on and another program refuses: by which rule of its own, in which request, and by which answer.
import type { Message } from './lenient-readers.js';
import type { OtherName, Reason } from './relation.js';

/** The other program passes on what comes before a request, and not what weir passes on of that. */
export interface RequestDifference {
  /** The request, as the client sent it. */
  readonly request: Message;
  /** Of the other's answer to it; 0: it has none. */
  readonly status: number;
  /** What it passes on instead; undefined: nothing more. */
  readonly arrived: Message | undefined;
  /** The last request that the other answers, and how; undefined: it answers none. */
  readonly last: { readonly request: Message; readonly status: number } | undefined;
}

const [OK, BAD_REQUEST] = [200, 400];

/** What the fields of a name (in lower case) have, each without white space around it. */
export const valuesOf = ({ fields }: Message, name: string): readonly string[] =>
  fields.flatMap((field) => {
    const colon = field.indexOf(':');
    return field.slice(0, colon).toLowerCase() === name ? [field.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')] : [];
  });

export const membersOf = (value: string): readonly string[] => value.split(',').map((member) => member.replace(/^[ \t]+|[ \t]+$/g, ''));

const isOtherHost = (request: Message): boolean => {
  const [, authority] = /^[^ ]+ https?:\/\/([^/? ]*)/i.exec(request.line) ?? [];
  return authority !== undefined && valuesOf(request, 'host').some((host) => host !== authority);
};

const refused = (why: string, has: (request: Message) => boolean): Reason<RequestDifference> => ({
  why,
  explains: ({ request, status, arrived }) => status === BAD_REQUEST && arrived === undefined && has(request),
});

/** RFC 6455 §4.1: a client sends Sec-WebSocket-Key. */
const isWebSocketWithoutKey = (request: Message): boolean => {
  const has = (name: string, member: string): boolean =>
    valuesOf(request, name)
      .flatMap(membersOf)
      .some((one) => one.toLowerCase() === member);
  return has('connection', 'upgrade') && has('upgrade', 'websocket') && valuesOf(request, 'sec-websocket-key').length === 0;
};

const withSlash: Reason<RequestDifference> = {
  why: 'nginx asks for / where OPTIONS has a URI without a path; RFC 9112 §3.2.4: it is *',
  explains: ({ request: { line, body }, status, arrived }) =>
    /^OPTIONS https?:\/\/[^/? ]+ /i.test(line) && status === OK && arrived?.line === 'OPTIONS / HTTP/1.1' && arrived.body === body,
};

const withoutQuery: Reason<RequestDifference> = {
  why: 'nginx asks for / where a URI without a path has an empty query; RFC 3986 §6.2.3: its ? stays',
  explains: ({ request: { line, body }, status, arrived }) => {
    const [, method] = /^([^ ]+) https?:\/\/[^/? ]+\? /i.exec(line) ?? [];
    return method !== undefined && status === OK && arrived?.line === `${method} / HTTP/1.1` && arrived.body === body;
  },
};

/** By the field that nginx reads: how it answers. */
const TABBED: ReadonlyMap<string, number> = new Map([
  ['transfer-encoding', 501],
  ['content-length', BAD_REQUEST],
  ['host', BAD_REQUEST],
]);

const withTab: Reason<RequestDifference> = {
  why: 'nginx takes a tab around a value for a part of it; RFC 9110 §5.5: it is none',
  explains: ({ request: { fields }, status, arrived }) =>
    arrived === undefined &&
    fields.some((field) => {
      const colon = field.indexOf(':');
      return TABBED.get(field.slice(0, colon).toLowerCase()) === status && /^ *\t|\t *$/.test(field.slice(colon + 1));
    }),
};

/** The other answers nothing behind a request, where weir goes on. */
const ended = (why: string, has: (request: Message, status: number) => boolean): Reason<RequestDifference> => ({
  why,
  explains: ({ status, arrived, last }) => status === 0 && arrived === undefined && last !== undefined && has(last.request, last.status),
});

const hasCloseWithin = (request: Message): boolean => {
  const values = valuesOf(request, 'connection').map((value) => value.toLowerCase());
  return values.some((value) => value.includes('close')) && !values.flatMap(membersOf).includes('close');
};

/** Does its path, where %2e is a dot, lead above the root? */
function leavesRoot(line: string): boolean {
  const [, path = ''] = /^[^ ]+ (?:https?:\/\/[^/? ]*)?([^ ?#]*)/i.exec(line) ?? [];
  let depth = 0;
  for (const segment of path.replace(/%2e/gi, '.').split('/')) {
    if (segment === '..') depth -= 1;
    else if (segment !== '' && segment !== '.') depth += 1;
    if (depth < 0) return true;
  }
  return false;
}

export const REQUEST_REASONS: Readonly<Record<OtherName, readonly Reason<RequestDifference>[]>> = {
  nginx: [
    refused('nginx takes methods of A-Z, _ and - only; RFC 9110 §9.1: a token', ({ line }) => !/^[A-Z_-]+ /.test(line)),
    refused('nginx takes * of no method; RFC 9112 §3.2.4: OPTIONS', ({ line }) => /^OPTIONS \* /.test(line)),
    refused('nginx takes a name of letters, digits, . and - in a target only; RFC 3986 §3.2.2: it has more characters', ({ line }) =>
      /^[^ ]+ https?:\/\/(?!\[)[a-z\d.-]*[^a-z\d.\-:/? ]/i.test(line),
    ),
    withSlash,
    withoutQuery,
    withTab,
    ended('nginx takes close within another word for the option; RFC 9110 §7.6.1: an option is a token', hasCloseWithin),
    ended(
      'nginx ends its connection with the refusal of a path above the root or with a bad encoding; weir refuses the request alone',
      ({ line }, status) => status === BAD_REQUEST && (leavesRoot(line) || /^[^ ]+ [^ ]*%(?![\da-f]{2})/i.test(line)),
    ),
  ],
  haproxy: [
    refused('HAProxy refuses a Host other than the authority of the target; RFC 9112 §3.2.2: the target counts', isOtherHost),
    refused('HAProxy refuses a Connection field with an empty member; RFC 9110 §5.6.1: it is ignored', (request) =>
      valuesOf(request, 'connection').some((value) => membersOf(value).includes('')),
    ),
    refused('HAProxy refuses an upgrade to websocket without its key; weir leaves that to the server', isWebSocketWithoutKey),
    ended(
      'HAProxy ends its connection with that refusal; weir goes on',
      (request, status) => status === BAD_REQUEST && isWebSocketWithoutKey(request),
    ),
  ],
};
