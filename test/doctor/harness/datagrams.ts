// A client of UDP with many ports: node datagrams.js ADDRESS PORT PORTS [SECONDS]. Sends one datagram from each port, each time with
// another socket; with SECONDS, again and again for so long.
import { createSocket } from 'node:dgram';

const [address = '', port = '', ports = '', seconds = '0'] = process.argv.slice(2);
const FIRST_PORT = 10_000;
const CONCURRENT = 64;
const end = Date.now() + 1000 * Number(seconds);
let next = 0;

function send(from: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve() : reject(error)));
    socket.bind(from, () => {
      socket.send('0\n', Number(port), address, () => socket.close(() => resolve()));
    });
  });
}

async function worker(): Promise<void> {
  while (next < Number(ports) || Date.now() < end) {
    next += 1;
    await send(FIRST_PORT + (next % Number(ports)));
  }
}

await Promise.all(Array.from({ length: CONCURRENT }, worker));
