// Servers of one namespace that answer as a case has it: the same script runs beside weir and beside keepalived. All sockets belong to this
// process, which may be in another namespace.

import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSecureContext, TLSSocket } from 'node:tls';
import { native } from '../../../src/sys/addon.js';
import type { Netns } from '../../../src/sys/namespaces/netns.js';
import { AF, socketAddress } from '../../../src/sys/sockets/socket-address.js';
import { ip } from '../../support/ip.js';
import type { Certificate } from './tools.js';
import type { World } from './world.js';

/** What a server does with one attempt. */
export type Answer =
  /** TCP: takes the connection and waits. UDP: takes the datagram and is silent. */
  | 'accept'
  /** TCP: takes it and resets it. */
  | 'reset'
  /** TCP: takes it and closes it. */
  | 'close'
  /** Sends this text: TCP as soon as something was received (`greet`: as soon as it is connected), and closes. */
  | { readonly text: string; readonly greet?: true; readonly keep?: true }
  /** As soon as something was received: these, one after the other, and closes. */
  | { readonly pieces: readonly string[]; readonly everyMs?: number }
  /** One of the others inside of TLS, 1.3 unless another version is given. `cut`: it ends without TLS's own end of a connection. */
  | { readonly tls: Answer; readonly version?: 'TLSv1.2' | 'TLSv1.3'; readonly cut?: true }
  /** Each line that comes is answered by the next of these; the first one greets. */
  | { readonly dialogue: readonly string[] }
  /** UDP: the query with this code, as an answer of DNS. */
  | { readonly rcode: number };

/** `refuse`: nothing listens: TCP is reset, UDP answered by ICMP. `silent`: what comes is dropped. `unreachable`: ICMP reports it of the host. */
export type Behaviour = 'refuse' | keyof typeof TARGETS | readonly Answer[];

/** What iptables does with what comes. */
const TARGETS = { silent: ['DROP'], unreachable: ['REJECT', '--reject-with', 'icmp-host-unreachable'] } as const;

export const SERVERS = { a: '10.1.0.11', b: '10.1.0.12', c: '10.1.0.13', d: '10.1.0.14' } as const;
export type ServerName = keyof typeof SERVERS;
/** `a:80` or `a:53/udp`. */
export type Place = `${ServerName}:${number}` | `${ServerName}:${number}/udp`;

export const http = (status: number, body = '', headers = ''): Answer => ({
  text: `HTTP/1.1 ${status} Text\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${headers}\r\n${body}`,
});

const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SOCK = { stream: 1, datagram: 2 } as const;
const BACKLOG = 64;
const PIECE_MS = 50;

export interface Endpoint {
  readonly address: string;
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
}

export function endpointOf(place: Place): Endpoint {
  const [, name = '', port = '', udp] = /^(\w):(\d+)(\/udp)?$/.exec(place) ?? [];
  const address = SERVERS[name as ServerName];
  if (address === undefined) throw new Error(`no place: ${place}`);
  return { address, port: Number(port), protocol: udp === undefined ? 'tcp' : 'udp' };
}

/** Of a socket that is bound in this namespace; owned by whoever takes the number. */
export function boundIn(netns: Netns, { address, port, protocol }: Endpoint): number {
  const fd = netns.socket(AF.inet, protocol === 'tcp' ? SOCK.stream : SOCK.datagram, 0);
  native().setsockopt(fd.number, SOL_SOCKET, SO_REUSEADDR, Uint8Array.of(1, 0, 0, 0));
  native().bind(fd.number, socketAddress(ip(address), port));
  return fd.release();
}

interface Listener {
  answers: readonly Answer[];
  /** Connections that it took stay, so that nothing changes for an attempt that is under way. */
  readonly close: () => void;
}

export class Servers {
  readonly #listeners = new Map<string, Listener>();
  readonly #open = new Set<Socket>();

  readonly #blocked = new Map<Place, keyof typeof TARGETS>();

  constructor(
    readonly world: World,
    readonly certificate: Certificate,
  ) {}

  /** From now on. Answers go by the number of the attempt, the last one to all that follow. */
  async serve(place: Place, behaviour: Behaviour): Promise<void> {
    const endpoint = endpointOf(place);
    const blocked = behaviour === 'silent' || behaviour === 'unreachable' ? behaviour : undefined;
    await this.#block(place, endpoint, blocked);
    if (blocked !== undefined) return;
    const before = this.#listeners.get(place);
    if (before !== undefined && typeof behaviour !== 'string') {
      before.answers = behaviour;
      return;
    }
    before?.close();
    this.#listeners.delete(place);
    if (typeof behaviour === 'string') return;
    const fd = boundIn(this.world.netns, endpoint);
    const listener = endpoint.protocol === 'tcp' ? listenTcp(fd, behaviour, this.#open, this.certificate) : listenUdp(fd, behaviour);
    this.#listeners.set(place, listener);
  }

  async #block(place: Place, endpoint: Endpoint, wanted: keyof typeof TARGETS | undefined): Promise<void> {
    const present = this.#blocked.get(place);
    if (wanted === present) return;
    if (present !== undefined) await this.#rule('-D', endpoint, present);
    if (wanted !== undefined) await this.#rule('-A', endpoint, wanted);
    if (wanted === undefined) this.#blocked.delete(place);
    else this.#blocked.set(place, wanted);
  }

  async #rule(verb: '-A' | '-D', { address, port, protocol }: Endpoint, target: keyof typeof TARGETS): Promise<void> {
    const rule = ['-p', protocol, '-d', address, '--dport', String(port), '-j', ...TARGETS[target]];
    await this.world.run('iptables', '-w', verb, 'INPUT', ...rule);
  }

  async close(): Promise<void> {
    for (const place of [...this.#blocked.keys()]) await this.#block(place, endpointOf(place), undefined);
    for (const { close } of this.#listeners.values()) close();
    this.#listeners.clear();
    for (const socket of this.#open) socket.destroy();
  }
}

/** Takes the answer for this attempt; the last one stays. */
function nextAnswer(listener: Listener): Answer {
  const [first = 'accept', ...rest] = listener.answers;
  if (rest.length > 0) listener.answers = rest;
  return first;
}

function listenTcp(fd: number, answers: readonly Answer[], open: Set<Socket>, certificate: Certificate): Listener {
  const server: Server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => open.delete(socket));
    const answer = nextAnswer(listener);
    if (typeof answer === 'object' && 'tls' in answer) answerTls(socket, answer, certificate);
    else answerTcp(socket, answer);
  });
  const listener: Listener = {
    answers,
    close: () => void server.close(),
  };
  server.listen({ fd, backlog: BACKLOG });
  return listener;
}

function answerTls(socket: Socket, { tls, version = 'TLSv1.3', cut }: Extract<Answer, { tls: unknown }>, certificate: Certificate): void {
  const secureContext = createSecureContext({ ...certificate, minVersion: version, maxVersion: version });
  const secure = new TLSSocket(socket, { isServer: true, secureContext });
  secure.on('error', () => socket.destroy());
  if (cut === true && typeof tls === 'object' && 'text' in tls) {
    secure.once('data', () => secure.write(tls.text, 'latin1', () => socket.destroy()));
    secure.resume();
  } else answerTcp(secure, tls);
}

function answerTcp(socket: Socket, answer: Answer): void {
  if (answer === 'reset') socket.resetAndDestroy();
  else if (answer === 'close') socket.end();
  else if (answer === 'accept' || 'rcode' in answer || 'tls' in answer) socket.resume();
  else if ('dialogue' in answer) converse(socket, answer.dialogue);
  else if ('pieces' in answer) {
    socket.once('data', () => void sendPieces(socket, answer.pieces, answer.everyMs ?? PIECE_MS));
    socket.resume();
  } else {
    const send = (): void => void (answer.keep ? socket.write(answer.text, 'latin1') : socket.end(answer.text, 'latin1'));
    if (answer.greet) send();
    else socket.once('data', send);
    socket.resume();
  }
}

/** Each a segment of its own. */
async function sendPieces(socket: Socket, pieces: readonly string[], everyMs: number): Promise<void> {
  for (const piece of pieces) {
    await sleep(everyMs);
    if (socket.destroyed) return;
    socket.write(piece, 'latin1');
  }
  socket.end();
}

function converse(socket: Socket, replies: readonly string[]): void {
  const left = [...replies];
  const reply = (): void => {
    const next = left.shift();
    if (next !== undefined) socket.write(next, 'latin1');
    if (left.length === 0) socket.end();
  };
  let rest = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    const lines = (rest + text).split('\r\n');
    rest = lines.pop() ?? '';
    for (const _ of lines) reply();
  });
  reply();
}

const RESPONSE = 0x80;
const RCODE = 0x0f;

function listenUdp(fd: number, answers: readonly Answer[]): Listener {
  const socket: UdpSocket = createSocket('udp4');
  const listener: Listener = { answers, close: () => socket.close() };
  socket.on('message', (query, { address, port }) => {
    const answer = nextAnswer(listener);
    if (typeof answer === 'string' || !('text' in answer || 'rcode' in answer)) return;
    if ('text' in answer) {
      socket.send(Buffer.from(answer.text, 'latin1'), port, address);
      return;
    }
    const reply = Buffer.from(query);
    reply[2] = (reply[2] ?? 0) | RESPONSE;
    reply[3] = ((reply[3] ?? 0) & ~RCODE) | answer.rcode;
    socket.send(reply, port, address);
  });
  socket.bind({ fd });
  return listener;
}
