// A station for fragments (fragments.test.ts): run with node inside a host.
//   echo ADDRESS PORT             sends each datagram back; `ready` when it listens
//   ask ADDRESS PORT COUNT BYTES  asks so many times with so many bytes, from one port; a line `COUNT` of answers with the same bytes
//   wire DEVICE DEVICE            carries frames between two devices; `ready`. After SIGUSR2, what came within some milliseconds goes on in reverse
//                                 order; `reversing`
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { fileURLToPath } from 'node:url';
import { native } from '../../src/sys/addon.js';
import { PacketSocket } from '../../src/sys/sockets/packet-socket.js';

/** The command that runs this file. */
export const fragmentStation = (...args: readonly (string | number)[]): readonly string[] => [
  process.execPath,
  fileURLToPath(import.meta.url),
  ...args.map(String),
];

/** How long an answer is waited for. */
const PATIENCE_MS = 10_000;
/** All of one packet's fragments come within this time. */
const GATHER_MS = 20;
const ALL_FRAMES = 0x0003;

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const typeOf = (address: string): 'udp4' | 'udp6' => (isIPv6(address) ? 'udp6' : 'udp4');

function echo(address: string, port: number): void {
  const socket = createSocket(typeOf(address));
  socket.on('message', (data, from) => socket.send(data, from.port, from.address));
  socket.bind(port, address, () => print('ready'));
}

const dataOf = (turn: number, length: number): Buffer =>
  Buffer.from(Uint8Array.from({ length }, (_, k) => (k * 31 + (k >> 8) + turn * 7) & 255));

function ask(address: string, port: number, count: number, length: number): void {
  const socket = createSocket(typeOf(address));
  let [turn, same] = [0, 0];
  let limit: NodeJS.Timeout | undefined;
  const next = (): void => {
    clearTimeout(limit);
    if (turn++ === count) {
      print(String(same));
      socket.close();
      return;
    }
    limit = setTimeout(next, PATIENCE_MS);
    socket.send(dataOf(turn, length));
  };
  socket.on('message', (data) => {
    if (!data.equals(dataOf(turn, length))) return;
    same++;
    next();
  });
  socket.connect(port, address, next);
}

/** One direction. */
function carry(from: PacketSocket, to: PacketSocket, isReversing: () => boolean): void {
  let frames: Uint8Array[] = [];
  const send = (): void => {
    for (const frame of isReversing() ? frames.reverse() : frames) to.send(frame);
    frames = [];
  };
  setInterval(() => {
    for (let frame = from.receiveNow(); frame !== undefined; frame = from.receiveNow()) {
      if (frames.length === 0) setTimeout(send, isReversing() ? GATHER_MS : 0);
      frames.push(frame);
    }
  }, 1);
}

function wire(first: string, second: string): void {
  let reversing = false;
  const [left, right] = [
    new PacketSocket(native().ifNameToIndex(first), ALL_FRAMES),
    new PacketSocket(native().ifNameToIndex(second), ALL_FRAMES),
  ];
  for (const socket of [left, right]) socket.receiveBuffer(4 << 20);
  carry(left, right, () => reversing);
  carry(right, left, () => reversing);
  process.on('SIGUSR2', () => {
    reversing = true;
    print('reversing');
  });
  print('ready');
}

function main([what, ...args]: readonly string[]): void {
  const [first = '', second = '', third = '', fourth = ''] = args;
  if (what === 'echo') echo(first, Number(second));
  else if (what === 'ask') ask(first, Number(second), Number(third), Number(fourth));
  else if (what === 'wire') wire(first, second);
  else throw new Error(`no such station: ${what}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2));
