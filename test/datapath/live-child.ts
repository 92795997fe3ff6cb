// A station of a cluster (cluster.ts): run with node inside one of its hosts.
//   serve NAME PORT ADDRESS    answers NAME to each TCP connection's first bytes and to each datagram; `ready` when it listens
//   ask tcp HOST PORT N        N questions, one after the other, each from a new port: a line with the answer or the error code
//   ask udp HOST PORT N FROM   the same by UDP, from port FROM and those after it
//   steady HOST PORT           a new TCP connection every 100 ms, given up after 500 ms: a line `MILLISECONDS ANSWER` for each
//                              that was answered, for as long as it lives
//   hold HOST PORT             opens a TCP connection, prints `open`, and keeps it without sending
//   stream HOST PORT           a datagram a millisecond, from ten ports in turn, a hundred with each, while fewer than 200 have no answer;
//                              `begun` with the first answer; on SIGTERM, when every answer is in or has not come for 30 s, a line
//                              `SENT ANSWERED`
//   echo PORT [ADDRESS]        sends back what comes, TCP and UDP; `ready` when it listens
//   talk HOST PORT COUNT       COUNT TCP connections that ask an `echo` all the time; `begun` when each was answered; on SIGTERM each asks once
//                              more, then a line with how many were answered: `ANSWERED of COUNT`
//   bulk HOST PORT BYTES       sends so many bytes to a `sink`; a line with the SHA-256 of what was sent
//   sink PORT BYTES            takes so many bytes from each connection; a line with the SHA-256 of what came
//   source PORT BYTES [MS]     sends so many bytes to each connection, with a pause after each 256 KiB; `ready` when it listens, and a line with the
//                              SHA-256 of what was sent
//   drain HOST PORT            takes what a `source` sends; a line with the SHA-256 of what came
import { createHash } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createConnection, createServer, isIPv6, type Socket as TcpSocket } from 'node:net';
import { fileURLToPath } from 'node:url';

/** The command that runs this file. */
export const station = (...args: readonly (string | number)[]): readonly string[] => [
  process.execPath,
  fileURLToPath(import.meta.url),
  ...args.map(String),
];

/** How long an answer is waited for. */
const PATIENCE_MS = 30_000;

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const socketTypeOf = (address: string): 'udp4' | 'udp6' => (isIPv6(address) ? 'udp6' : 'udp4');

function serve(name: string, port: number, address: string): void {
  const udp = createSocket(socketTypeOf(address));
  udp.on('message', (_, from) => udp.send(name, from.port, from.address));
  udp.bind(port, address, () => {
    createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end(name));
    }).listen(port, address, () => print('ready'));
  });
}

function askTcp(host: string, port: number, patience: number): Promise<string> {
  return new Promise((answered) => {
    const socket = createConnection({ host, port });
    let text = '';
    socket.setTimeout(patience, () => socket.destroy(Object.assign(new Error(), { code: 'silence' })));
    socket.on('connect', () => socket.write('?'));
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => answered(error.code ?? error.message));
    socket.on('close', () => answered(text));
  });
}

function askUdp(host: string, port: number, patience: number, from: number): Promise<string> {
  return new Promise((done) => {
    const socket = createSocket(socketTypeOf(host));
    const answered = (text: string): void => {
      clearTimeout(timer);
      socket.close();
      done(text);
    };
    const timer = setTimeout(() => answered('silence'), patience);
    socket.once('message', (text) => answered(text.toString()));
    socket.once('error', (error: NodeJS.ErrnoException) => answered(error.code ?? error.message));
    socket.bind(from, () => socket.connect(port, host, () => socket.send('?')));
  });
}

/** What `ask` prints, a line each. */
export async function* answers(protocol: string, host: string, port: number, times: number, from: number): AsyncGenerator<string> {
  for (let done = 0; done < times; done++)
    yield await (protocol === 'udp' ? askUdp(host, port, PATIENCE_MS, from + done) : askTcp(host, port, PATIENCE_MS));
}

async function ask(protocol: string, host: string, port: number, times: number, from: number): Promise<void> {
  for await (const answer of answers(protocol, host, port, times, from)) print(answer);
}

function steady(host: string, port: number): void {
  setInterval(() => {
    askTcp(host, port, 500).then(
      (answer) => {
        if (answer !== 'silence' && !answer.startsWith('E')) print(`${performance.timeOrigin + performance.now()} ${answer}`);
      },
      () => process.exit(1),
    );
  }, 100);
}

/** A server that does not run for a second must have room for what comes meanwhile: its socket takes 270 small datagrams. */
const UNANSWERED_MAX = 200;

/** A thousand datagrams by ten sockets; then ten new ones, so that there are new connections too. */
function stream(host: string, port: number): void {
  let [sent, answered, answeredAt] = [0, 0, performance.now()];
  const open = (): Socket => {
    const socket = createSocket(socketTypeOf(host));
    socket.on('message', () => {
      answered += 1;
      answeredAt = performance.now();
      if (answered === 1) print('begun');
    });
    return socket;
  };
  const sockets = Array.from({ length: 10 }, open);
  const turn = setInterval(() => {
    if (sent - answered >= UNANSWERED_MAX) return;
    const k = sent % sockets.length;
    if (sent % 1000 >= 990) sockets[k] = open(); // the old one still receives
    sockets[k]?.send('?', port, host);
    sent += 1;
  }, 1);
  process.once('SIGTERM', () => {
    clearInterval(turn);
    setInterval(() => {
      if (answered < sent && performance.now() - answeredAt < PATIENCE_MS) return;
      print(`${sent} ${answered}`);
      process.exit(0);
    }, 20);
  });
}

function echo(port: number, address: string): void {
  const udp = createSocket(socketTypeOf(address));
  udp.on('message', (text, from) => udp.send(text, from.port, from.address));
  udp.bind(port, address, () => {
    createServer((socket) => {
      socket.setNoDelay();
      socket.on('error', () => {});
      socket.on('data', (chunk) => socket.write(chunk));
    }).listen(port, address, () => print('ready'));
  });
}

/** One connection that asks the next question some ms after each answer. `finish` asks the last one: true when it was answered. */
function talker(host: string, port: number, begun: () => void): { readonly finish: () => Promise<boolean> } {
  const socket = createConnection({ host, port });
  let [answers, ended] = [0, false];
  let onAnswer = (): void => {};
  socket.setNoDelay();
  socket.on('error', () => {});
  socket.on('close', () => {
    ended = true;
    onAnswer();
  });
  socket.on('connect', () => socket.write('?'));
  socket.on('data', () => {
    answers += 1;
    if (answers === 1) begun();
    onAnswer();
    setTimeout(() => socket.writable && socket.write('?'), 5);
  });
  const finish = (): Promise<boolean> =>
    new Promise((done) => {
      const before = answers;
      onAnswer = () => {
        if (ended || answers > before + 1) done(!ended); // the one under way, and the one that follows
      };
      onAnswer();
    });
  return { finish };
}

async function talk(host: string, port: number, count: number): Promise<void> {
  let begun = 0;
  const talkers = Array.from({ length: count }, () =>
    talker(host, port, () => {
      begun += 1;
      if (begun === count) print('begun');
    }),
  );
  await once(process, 'SIGTERM');
  const answered = await Promise.all(talkers.map(({ finish }) => finish()));
  print(`${answered.filter(Boolean).length} of ${count}`);
  process.exit(0);
}

const PIECE = 1 << 18;

/** Sends so many bytes, ends the connection, and prints their digest when it is closed. `pauseMs`: after each piece. */
function pour(socket: TcpSocket, bytes: number, pauseMs = 0): void {
  const hash = createHash('sha256');
  const piece = Buffer.from(Array.from({ length: PIECE }, (_, k) => (k * 31) ^ (k >> 8)));
  let left = bytes;
  const pump = (): void => {
    while (left > 0) {
      const part = piece.subarray(0, Math.min(left, PIECE));
      hash.update(part);
      left -= part.length;
      const isFull = !socket.write(part);
      if (pauseMs > 0) {
        setTimeout(pump, pauseMs);
        return;
      }
      if (isFull) return;
    }
    socket.end();
  };
  if (pauseMs === 0) socket.on('drain', pump);
  socket.on('close', () => print(hash.digest('hex')));
  pump();
}

/** Prints the digest of what comes. */
function take(socket: TcpSocket): void {
  const hash = createHash('sha256');
  socket.on('data', (chunk) => hash.update(chunk));
  socket.on('end', () => {
    print(hash.digest('hex'));
    socket.end();
  });
}

function bulk(host: string, port: number, bytes: number): void {
  const socket = createConnection({ host, port }, () => pour(socket, bytes));
}

const sink = (port: number): void => void createServer(take).listen(port, () => print('ready'));

const source = (port: number, bytes: number, pauseMs: number): void =>
  void createServer((socket) => {
    socket.resume();
    pour(socket, bytes, pauseMs);
  }).listen(port, () => print('ready'));

function main([what, ...args]: readonly string[]): Promise<void> | void {
  const [first = '', second = '', third = '', fourth = '', fifth = ''] = args;
  if (what === 'serve') return serve(first, Number(second), third);
  if (what === 'ask') return ask(first, second, Number(third), Number(fourth), Number(fifth));
  if (what === 'steady') return steady(first, Number(second));
  if (what === 'stream') return stream(first, Number(second));
  if (what === 'echo') return echo(Number(first), second === '' ? '0.0.0.0' : second);
  if (what === 'talk') return talk(first, Number(second), Number(third));
  if (what === 'bulk') return bulk(first, Number(second), Number(third));
  if (what === 'sink') return sink(Number(first));
  if (what === 'source') return source(Number(first), Number(second), Number(third));
  if (what === 'drain') return take(createConnection({ host: first, port: Number(second) }));
  if (what === 'hold') {
    const socket = createConnection({ host: first, port: Number(second) });
    socket.on('connect', () => print('open'));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
