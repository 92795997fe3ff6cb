// Many clients of UDP on one host: node clients.js ADDRESS PORT SECONDS. Sends some hundred datagrams a second, each from another address of
// 10.77.0.0/16 and with another port.
import { createSocket } from 'node:dgram';
import { setTimeout } from 'node:timers/promises';

const [address = '', port = '', seconds = ''] = process.argv.slice(2);
const [FIRST_PORT, PORTS, EACH, PAUSE_MS] = [10_000, 50_000, 4, 10];
const end = Date.now() + 1000 * Number(seconds);

function send(client: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.once('error', reject);
    socket.bind(FIRST_PORT + (client % PORTS), `10.77.${(client >> 8) & 255}.${client & 255}`, () => {
      socket.send('0\n', Number(port), address, () => socket.close(() => resolve()));
    });
  });
}

for (let next = 1; Date.now() < end; next += EACH) {
  await Promise.all(Array.from({ length: EACH }, (_, index) => send(next + index)));
  await setTimeout(PAUSE_MS);
}
