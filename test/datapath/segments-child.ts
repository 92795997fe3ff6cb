// Sends TCP segments of many flows, in random order, as fast as the device takes them: segments-child DEVICE SOURCE-MAC DIRECTOR-MAC VIP
// FIRST-PORT FLOWS. Prints `begun`, and on SIGTERM how many it sent.
import { native } from '../../src/sys/addon.js';
import { hasCode } from '../../src/sys/errno.js';
import { PacketSocket } from '../../src/sys/sockets/packet-socket.js';
import type { Mac } from '../../src/wire/ethernet.js';
import { frame, tcp } from './fixtures/packets.js';

const LETTERS = ['S', 'S', 'A', 'A', 'FA', 'RA'] as const;
const BATCH = 64;

const [device = '', source = '', director = '', vip = '', first = '', flows = ''] = process.argv.slice(2);
const socket = new PacketSocket(native().ifNameToIndex(device), 3);
const frames = Array.from({ length: Number(flows) }, (_, k) =>
  LETTERS.map((letters) =>
    frame(source as Mac, director as Mac, tcp({ from: `10.8.1.10:${Number(first) + k}`, to: `${vip}:80` }, letters)),
  ),
);
let sent = 0;

/** How many were sent: none while the queue of the device or of the socket is full. */
function offer(segment: Uint8Array): number {
  try {
    socket.send(segment);
    return 1;
  } catch (error) {
    if (hasCode(error, 'ENOBUFS', 'EAGAIN')) return 0;
    throw error;
  }
}

function batch(): void {
  for (let k = 0; k < BATCH; k++) {
    const flow = frames[Math.floor(Math.random() * frames.length)] ?? [];
    const segment = flow[Math.floor(Math.random() * flow.length)];
    if (segment !== undefined) sent += offer(segment);
  }
  setImmediate(batch);
}

process.once('SIGTERM', () => {
  process.stdout.write(`${sent}\n`);
  process.exit(0);
});
process.stdout.write('begun\n');
batch();
