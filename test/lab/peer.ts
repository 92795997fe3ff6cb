// A server and client for tests that need more than a web page: run with node inside a lab's host.
//   serve PORT BYTES   GET: that many bytes of a fixed stream; PUT: answers with the SHA-256 of what came; GET /ping: `pong`
//   send BYTES         writes that stream to standard output
//   udp-serve PORT NAME   answers each datagram with `NAME got TEXT from ADDRESS`
//   udp-ask HOST PORT TEXT TIMES   sends TEXT that often, from a new port for each, one after the other's answer
import { createCipheriv, createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { writeSync } from 'node:fs';
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';

const CHUNK_BYTES = 1 << 18;

/** Always the same bytes without repetition: a cipher's key stream. */
function* keyStream(bytes: number): Generator<Buffer> {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, 7), Buffer.alloc(16));
  const zeros = Buffer.alloc(CHUNK_BYTES);
  for (let left = bytes; left > 0; left -= CHUNK_BYTES) {
    yield cipher.update(zeros.subarray(0, Math.min(left, CHUNK_BYTES)));
  }
}

const digests = new Map<number, string>();

/** SHA-256 of the stream, in hex. */
export function streamDigest(bytes: number): string {
  const known = digests.get(bytes) ?? computeDigest(bytes);
  digests.set(bytes, known);
  return known;
}

function computeDigest(bytes: number): string {
  const hash = createHash('sha256');
  for (const chunk of keyStream(bytes)) hash.update(chunk);
  return hash.digest('hex');
}

/** The command line that runs this file. */
export const peer = (...args: readonly (string | number)[]): string => ['node', fileURLToPath(import.meta.url), ...args].join(' ');

/** The command line that runs this file and leaves it running on its host when the step is over. */
export const peerStays = (...args: readonly (string | number)[]): string => `${peer(...args)} >/dev/null 2>&1 &`;

function serve(port: number, bytes: number): void {
  createServer((request, response) => {
    if (request.method === 'PUT') {
      const hash = createHash('sha256');
      request.on('data', (chunk: Buffer) => hash.update(chunk));
      request.on('end', () => response.end(`${hash.digest('hex')}\n`));
    } else if (request.url === '/ping') {
      response.end('pong\n');
    } else {
      response.setHeader('Content-Length', bytes);
      // A client that closes early ends the stream; the client reports it.
      pipeline(Readable.from(keyStream(bytes)), response).catch(() => response.destroy());
    }
  }).listen(port, '0.0.0.0');
}

function udpServe(port: number, name: string): void {
  const socket = createSocket('udp4');
  socket.on('message', (text, { address, port: from }) => {
    socket.send(`${name} got ${text.toString()} from ${address}`, from, address);
  });
  socket.bind(port);
}

async function udpAsk(host: string, port: number, text: string, times: number): Promise<void> {
  for (let done = 0; done < times; done++) {
    const socket = createSocket('udp4');
    socket.connect(port, host);
    await new Promise((ready) => socket.once('connect', ready));
    const answer = new Promise<string>((got, fail) => {
      socket.once('message', (message) => got(message.toString()));
      socket.once('error', fail);
    });
    socket.send(text);
    writeSync(1, `${await answer}\n`);
    socket.close();
  }
}

async function main([kind, ...args]: readonly string[]): Promise<void> {
  const [first = '', second = '', third = '', fourth = ''] = args;
  switch (kind) {
    case 'serve':
      serve(Number(first), Number(second));
      break;
    case 'send':
      await pipeline(Readable.from(keyStream(Number(first))), process.stdout);
      break;
    case 'udp-serve':
      udpServe(Number(first), second);
      break;
    case 'udp-ask':
      await udpAsk(first, Number(second), third, Number(fourth));
      break;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
