// A station of a cluster (cluster.ts) that speaks SCTP by raw sockets, over IPv4 and IPv6, since not every kernel has sockets of SCTP: run with
// node inside one of its hosts. A packet with a wrong checksum is not answered; it is a line `wrong`.
//   serve NAME PORT ADDRESS       a server: its answer to data is NAME; `ready` when it listens, `closed` after each shutdown
//   ask HOST PORT OWN FROM SIZE COUNT MS   so many associations, one after the other, from OWN:FROM and the ports behind it: each sends SIZE
//                                 bytes and is shut down; a line with its answer, or `silence` after MS

import { fileURLToPath } from 'node:url';
import type { Address, Family } from '../../src/model/address.js';
import { IpProtocol } from '../../src/model/ip-protocol.js';
import { whenReadable } from '../../src/sys/readable.js';
import { RawReceiver, RawSender } from '../../src/sys/sockets/raw-socket.js';
import { concat, viewOf } from '../../src/wire/bytes.js';
import { decodeIpv4, encodeIpv4, IPV4_DEFAULTS } from '../../src/wire/ipv4.js';
import { encodeIpv6 } from '../../src/wire/ipv6.js';
import {
  ChunkType,
  encodeSctp,
  readSctpChecksum,
  SCTP_CHUNK_BYTES,
  SCTP_HEADER_BYTES,
  type SctpChunk,
  sctpChecksum,
} from '../../src/wire/sctp.js';
import { ip } from '../support/ip.js';

/** The command that runs this file. */
export const sctpStation = (...args: readonly (string | number)[]): readonly string[] => [
  process.execPath,
  fileURLToPath(import.meta.url),
  ...args.map(String),
];

/** After which the last packet is sent again. */
const RETRY_MS = 1000;
/** Of a DATA chunk, before its data: TSN, stream, sequence, protocol. */
const DATA_HEADER = new Uint8Array(12);

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

interface End {
  readonly address: Address;
  readonly port: number;
}

interface Arrived {
  readonly from: End;
  readonly to: End;
  readonly type: number;
  /** Of the first chunk. */
  readonly value: Uint8Array;
}

const senders = { inet: new RawSender('inet', '', 0), inet6: new RawSender('inet6', '', 0) } as const;

function send(from: End, to: End, chunks: readonly SctpChunk[]): void {
  const payload = encodeSctp({ sourcePort: from.port, destinationPort: to.port, tag: 0x5c7b0001, chunks });
  const packet = { protocol: IpProtocol.sctp, source: from.address, destination: to.address, payload };
  const { family } = to.address;
  const whole = family === 'inet' ? encodeIpv4({ ...IPV4_DEFAULTS, flags: 2, ...packet }) : encodeIpv6({ hopLimit: 64, ...packet });
  senders[family].send(whole, to.address);
}

/** A packet for a port, with a right checksum. */
function readArrived(payload: Uint8Array, source: Address, destination: Address, port: number): Arrived | undefined {
  const view = viewOf(payload);
  if (payload.length < SCTP_HEADER_BYTES + SCTP_CHUNK_BYTES || view.getUint16(2) !== port) return undefined;
  if (readSctpChecksum(payload) !== sctpChecksum(payload)) {
    print('wrong');
    return undefined;
  }
  const end = SCTP_HEADER_BYTES + view.getUint16(SCTP_HEADER_BYTES + 2);
  return {
    from: { address: source, port: view.getUint16(0) },
    to: { address: destination, port },
    type: view.getUint8(SCTP_HEADER_BYTES),
    value: payload.slice(SCTP_HEADER_BYTES + SCTP_CHUNK_BYTES, end),
  };
}

/** What comes for the port that is asked for now. */
function listen(family: Family, port: () => number, arrived: (packet: Arrived) => void): void {
  const receiver = new RawReceiver(family, IpProtocol.sctp, '');
  whenReadable(receiver.fd, () => {
    for (let next = receiver.receive(); next !== undefined; next = receiver.receive()) {
      const payload = family === 'inet' ? decodeIpv4(next.bytes)?.payload : next.bytes;
      const packet = payload === undefined ? undefined : readArrived(payload, next.source, next.destination, port());
      if (packet !== undefined) arrived(packet);
    }
  });
}

function serve(name: string, port: number, address: string): void {
  const answers: ReadonlyMap<number, readonly SctpChunk[]> = new Map([
    [ChunkType.init, [{ type: ChunkType.initAck, value: new Uint8Array(20) }]],
    [ChunkType.cookieEcho, [{ type: ChunkType.cookieAck }]],
    [ChunkType.data, [{ type: ChunkType.data, flags: 3, value: concat(DATA_HEADER, new TextEncoder().encode(name)) }]],
    [ChunkType.shutdown, [{ type: ChunkType.shutdownAck }]],
  ]);
  for (const family of ['inet', 'inet6'] as const) {
    const own = (): number => port;
    listen(family, own, ({ from, to, type }) => {
      const answer = answers.get(type);
      if (answer !== undefined) send({ ...to, address: address === '' ? to.address : ip(address) }, from, answer);
      if (type === ChunkType.shutdownComplete) print('closed');
    });
  }
  print('ready');
}

interface Question {
  readonly here: End;
  readonly there: End;
  readonly size: number;
  readonly patienceMs: number;
}

/** What the association under way does with a packet of the server. */
let onPacket = (_: Arrived): void => {};

/** One association, from its first packet to its last. */
function associate({ here, there, size, patienceMs }: Question): Promise<string> {
  return new Promise((done) => {
    let last: readonly SctpChunk[] = [];
    let answer = '';
    const speak = (...chunks: readonly SctpChunk[]): void => {
      last = chunks;
      send(here, there, chunks);
    };
    const retry = setInterval(() => send(here, there, last), RETRY_MS);
    const patience = setTimeout(() => end('silence'), patienceMs);
    const end = (text: string): void => {
      clearInterval(retry);
      clearTimeout(patience);
      onPacket = () => {};
      done(text);
    };
    const next: ReadonlyMap<number, (value: Uint8Array) => void> = new Map<number, (value: Uint8Array) => void>([
      [ChunkType.initAck, () => speak({ type: ChunkType.cookieEcho, value: new Uint8Array(100) })],
      [ChunkType.cookieAck, () => speak({ type: ChunkType.data, flags: 3, value: concat(DATA_HEADER, new Uint8Array(size).fill(0x5a)) })],
      [
        ChunkType.data,
        (value) => {
          answer = new TextDecoder().decode(value.slice(DATA_HEADER.length));
          speak({ type: ChunkType.shutdown, value: new Uint8Array(4) });
        },
      ],
      [
        ChunkType.shutdownAck,
        () => {
          speak({ type: ChunkType.shutdownComplete });
          end(answer);
        },
      ],
    ]);
    onPacket = ({ from, type, value }) => {
      if (from.port === there.port) next.get(type)?.(value);
    };
    speak({ type: ChunkType.init, value: new Uint8Array(16) });
  });
}

async function ask(host: string, port: number, own: string, from: number, size: number, count: number, patienceMs: number): Promise<void> {
  const there = { address: ip(host), port };
  let here = { address: ip(own), port: from };
  const ownPort = (): number => here.port;
  listen(here.address.family, ownPort, (packet) => onPacket(packet));
  for (let done = 0; done < count; done++) {
    here = { ...here, port: from + done };
    print(await associate({ here, there, size, patienceMs }));
  }
  process.exit(0);
}

async function main([what, ...args]: readonly string[]): Promise<void> {
  const [first = '', second = '', third = ''] = args;
  if (what === 'serve') serve(first, Number(second), third);
  if (what !== 'ask') return;
  const [from = 0, size = 0, count = 0, patienceMs = 0] = args.slice(3).map(Number);
  await ask(first, Number(second), third, from, size, count, patienceMs);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
