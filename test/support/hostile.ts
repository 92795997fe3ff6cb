// Servers on loopback that answer checks as no server should, and what an attempt made of them.
import assert from 'node:assert/strict';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { Attempt, Outcome } from '../../src/control/check/messages.js';
import { Attempts } from '../../src/daemon/checker/attempts/attempts.js';
import type { CheckKind, CheckTarget } from '../../src/model/keepalived/virtual-server.js';
import { ip } from './ip.js';

/** Where a server is, and how a check gets there. */
export interface Place {
  readonly name: string;
  /** As sockets of node take it. */
  readonly host: string;
  /** Another address of the same host. */
  readonly other: string;
  readonly target: CheckTarget;
}

export const LOOPBACK: Place = { name: 'IPv4', host: '127.0.0.1', other: '127.0.0.2', target: { address: ip('127.0.0.1') } };

/** For what must end by time. */
export const SHORT = { connectTimeoutUs: 500_000 };
/** For what sends now and then: an attempt has 20 of them at most after it connected. */
export const SHORTEST = { connectTimeoutUs: 100_000 };
/** For what ends by an answer, also on a busy machine. */
const PATIENT_US = 30_000_000;

/** What decides; what was seen is for people. */
export function withoutSeen(outcome: Outcome): Outcome {
  if (outcome.kind !== 'failure') return outcome;
  const { seen: _, ...decisive } = outcome;
  return decisive;
}

export const attempt = async (...args: Parameters<typeof attemptWhole>): Promise<Outcome> => withoutSeen(await attemptWhole(...args));

/** With what it saw. */
export function attemptWhole(check: CheckKind, port: number, more: Partial<Attempt> = {}, at = LOOPBACK): Promise<Outcome> {
  return new Promise((done) => {
    const attempts = new Attempts(
      {
        runScript: () => assert.fail('no script'),
        secureContext: () => createSecureContext({ minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' }),
      },
      ([answered]) => {
        assert.equal(attempts.count, 0);
        assert.ok(answered !== undefined);
        done(answered.outcome);
      },
    );
    const target = { ...at.target, address: at.target.address ?? assert.fail(), port };
    const usual = { number: 1, checker: 0, check, target, connectTimeoutUs: PATIENT_US, intervalUs: 60_000_000, url: 0, hostName: 'lb1' };
    attempts.start({ ...usual, ...more });
  });
}

export interface Judged {
  readonly outcome: Outcome;
  /** Bytes that the server wrote, with those that still wait in it. */
  readonly written: number;
}

/** The outcome at a server that does this with each connection. Resolves when the check has closed them all, whatever the server does. */
export async function judged(
  check: CheckKind,
  behave: (socket: Socket) => void,
  more: Partial<Attempt> = {},
  at = LOOPBACK,
): Promise<Judged> {
  const closed: Promise<number>[] = [];
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    closed.push(new Promise((done) => socket.once('close', () => done(socket.bytesWritten))));
    socket.on('error', () => {});
    socket.resume();
    // A server that goes on after the check has closed: its next bytes meet a reset.
    socket.on('end', () => setImmediate(() => socket.destroy()));
    sockets.push(socket);
    behave(socket);
  });
  await new Promise<void>((done) => server.listen(0, at.host, done));
  try {
    const outcome = await attempt(check, (server.address() as AddressInfo).port, more, at);
    // Only who reads notices the end.
    for (const socket of sockets) socket.resume();
    return { outcome, written: (await Promise.all(closed)).reduce((sum, bytes) => sum + bytes, 0) };
  } finally {
    await new Promise((done) => server.close(done));
  }
}

export async function outcomeOf(
  behave: (socket: Socket) => void,
  check = page(),
  more: Partial<Attempt> = {},
  at = LOOPBACK,
): Promise<Outcome> {
  return (await judged(check, behave, more, at)).outcome;
}

/** A GET of one page; `ssl`: by TLS. */
export const page = (url: object = {}, kind: 'http' | 'ssl' = 'http'): CheckKind =>
  ({ kind, urls: [{ path: '/', statusCodes: [{ from: 200, to: 299 }], ...url }], protocol: '1.1', sni: false }) as never;

export const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n';

export const MIB = 1024 * 1024;
/** What the kernel's buffers of both ends may hold, and one write of a server. */
export const BUFFERS = 16 * MIB;

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export const fails = (text: string) => ({ kind: 'failure', text }) as const;

/** Does its work when the check has sent something. */
export const asked = (work: (socket: Socket) => void) => (socket: Socket) => socket.once('data', () => work(socket));

/** Writes these bytes for ever, as fast as they are taken. */
export function endless(socket: Socket, bytes: Uint8Array): void {
  const pour = (): void => {
    while (!socket.destroyed && socket.write(bytes));
  };
  socket.on('drain', pour);
  pour();
}

/** Writes a text byte by byte, and begins again at its end. */
export function drip(socket: Socket, text: string, everyMs: number): void {
  let at = 0;
  const timer = setInterval(() => socket.write(text[at++ % text.length] ?? ''), everyMs);
  socket.on('close', () => clearInterval(timer));
}

/** Resets the connection. */
export const reset = (socket: Socket): void => {
  socket.resetAndDestroy();
};

/** Bytes that follow from a seed. */
export function garbage(count: number, seed: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
}
