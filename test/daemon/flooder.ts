// Sends frames by an interface of its namespace as fast as it can, or at a pace: `[{"frame": "hex", "count": n, "perSecond"?: n}]` on
// standard input. Prints how many it sent and how often a full queue refused one, which is sent again: `SENT REFUSED`.
import { readFileSync } from 'node:fs';
import { hasCode } from '../../src/sys/errno.js';
import { PacketSocket } from '../../src/sys/sockets/packet-socket.js';

export interface Flood {
  readonly frame: string;
  readonly count: number;
  /** Absent: no pause. */
  readonly perSecond?: number;
}

const [ifindex = '2'] = process.argv.slice(2);
const floods = JSON.parse(readFileSync(0, 'utf8')) as readonly Flood[];
/** How many go in between two looks at the clock. */
const AT_ONCE = 64;
const sleeper = new Int32Array(new SharedArrayBuffer(4));

let refused = 0;

function send(socket: PacketSocket, frame: Uint8Array): void {
  for (;;) {
    try {
      socket.send(frame);
      return;
    } catch (error) {
      if (!hasCode(error, 'ENOBUFS', 'EAGAIN')) throw error;
      refused += 1;
    }
  }
}

const socket = new PacketSocket(Number(ifindex), 0);
socket.bypassTrafficControl();
const started = performance.now();
const plan = floods.map((flood) => ({ ...flood, bytes: Uint8Array.from(Buffer.from(flood.frame, 'hex')), sent: 0 }));
let total = 0;
for (let open = plan; open.length > 0; open = open.filter(({ sent, count }) => sent < count)) {
  const seconds = (performance.now() - started) / 1000;
  let sent = 0;
  for (const one of open) {
    const due = one.perSecond === undefined ? one.sent + AT_ONCE : Math.floor(seconds * one.perSecond);
    for (; one.sent < Math.min(one.count, due); one.sent++, sent++) send(socket, one.bytes);
  }
  total += sent;
  if (sent === 0) Atomics.wait(sleeper, 0, 0, 1);
}
socket.close();
process.stdout.write(`${total} ${refused}\n`);
