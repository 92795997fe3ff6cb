// The control API's socket at a loopback address, for browsers: who has the key may do what the person may who started it.
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { failureHint, failureText, WeirError } from '../../model/errors/weir-error.js';

const HEADER_MAX = 16 * 1024;
const CONNECTIONS_MAX = 64;
/** ms. */
const LIMITS = { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 15_000 } as const;
const PLAIN = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };
/** What a browser sends that the API has a use for; its cookie stays here. */
const FORWARDED = ['accept', 'content-type', 'content-length', 'if-match', 'if-none-match', 'last-event-id', 'prefer'] as const;

export interface Loopback {
  /** `127.0.0.1:8080`, `[::1]:8080` */
  readonly authority: string;
  readonly port: number;
  readonly key: string;
  /** Of the API. */
  readonly socket: string;
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
const isSame = (given: string, wanted: string): boolean => timingSafeEqual(digest(given), digest(wanted));

/** Cookies are shared by all ports of a host, so the port is in its name. */
const cookieName = ({ port }: Loopback): string => `weir-${port}`;

function cookieOf(incoming: IncomingMessage, name: string): string {
  const pairs = (incoming.headers.cookie ?? '').split(';').map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
}

/** Another page in the same browser must not reach it, by whatever name it has for this address. @throws WeirError api-host, api-origin */
function checkPage({ headers }: IncomingMessage, { authority, port }: Loopback): void {
  const { host = '', origin } = headers;
  if (host !== authority && host !== `localhost:${port}`) throw new WeirError('api-host', { host });
  const site = headers['sec-fetch-site'];
  if (origin !== undefined && origin !== `http://${host}`) throw new WeirError('api-origin', { origin });
  const isNavigation = headers['sec-fetch-mode'] === 'navigate';
  if (site !== undefined && site !== 'same-origin' && site !== 'none' && !isNavigation)
    throw new WeirError('api-origin', { origin: 'other sites' });
}

/** Sends the key of the address into a cookie, so that it is in no history. */
function takeKey(url: URL, outgoing: ServerResponse, loopback: Loopback): boolean {
  const given = url.searchParams.get('key');
  if (given === null) return false;
  if (!isSame(given, loopback.key)) throw new WeirError('dashboard-key');
  const cookie = `${cookieName(loopback)}=${loopback.key}; HttpOnly; SameSite=Strict; Path=/`;
  outgoing.writeHead(303, { location: '/', 'set-cookie': cookie, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
  outgoing.end();
  return true;
}

const statusOf = (error: WeirError): number => {
  if (error.code === 'dashboard-key') return 401;
  return error.code === 'api-host' ? 421 : error.code === 'api-origin' ? 403 : 502;
};

function refuse(outgoing: ServerResponse, error: WeirError): void {
  if (outgoing.headersSent) {
    outgoing.destroy();
    return;
  }
  const hint = failureHint(error);
  outgoing.writeHead(statusOf(error), PLAIN);
  outgoing.end(`${failureText(error)}\n${hint === undefined ? '' : `fix: ${hint}\n`}`);
}

function forward(incoming: IncomingMessage, outgoing: ServerResponse, { socket }: Loopback): void {
  const given = FORWARDED.flatMap((name) => {
    const value = incoming.headers[name];
    return typeof value === 'string' ? [[name, value] as const] : [];
  });
  const asked = request({
    socketPath: socket,
    method: incoming.method ?? 'GET',
    path: incoming.url ?? '/',
    headers: { ...Object.fromEntries(given), host: 'localhost' },
  });
  asked.on('response', (answer) => {
    const { connection: _hop, 'keep-alive': _time, 'transfer-encoding': _coding, ...headers } = answer.headers;
    outgoing.writeHead(answer.statusCode ?? 502, headers);
    answer.pipe(outgoing);
    answer.on('error', () => outgoing.destroy());
  });
  asked.on('error', (error) => refuse(outgoing, new WeirError('api-unreachable', { path: socket, why: error.message }, { cause: error })));
  outgoing.on('close', () => asked.destroy());
  incoming.pipe(asked);
}

function answer(incoming: IncomingMessage, outgoing: ServerResponse, loopback: Loopback): void {
  try {
    checkPage(incoming, loopback);
    const url = new URL(incoming.url ?? '/', 'http://localhost');
    if (url.pathname === '/' && takeKey(url, outgoing, loopback)) return;
    if (!isSame(cookieOf(incoming, cookieName(loopback)), loopback.key)) throw new WeirError('dashboard-key');
    forward(incoming, outgoing, loopback);
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    refuse(outgoing, error);
  }
}

/** It does not listen yet; `loopback`: undefined until its port is known. */
export function loopbackServer(loopback: () => Loopback): Server {
  const server = createServer({ ...LIMITS, maxHeaderSize: HEADER_MAX }, (incoming, outgoing) => answer(incoming, outgoing, loopback()));
  server.maxConnections = CONNECTIONS_MAX;
  return server;
}
