// A server's end of the cable, run with node inside a host: DEVICE COUNT PID. It prints `ready`, waits for the SYNs of so many connections, kills that process with the
// last of them, and prints the clients' ports in a line, each with its time: PORT@NANOSECONDS of the monotonic clock.
import { native } from '../../src/sys/addon.js';
import { PacketSocket } from '../../src/sys/sockets/packet-socket.js';

const [device = '', count, pid] = process.argv.slice(2);
const IPV4 = 0x0800;
const [PROTOCOL, TCP, PORT, FLAGS, SYN] = [23, 6, 34, 47, 0x02];

const socket = new PacketSocket(native().ifNameToIndex(device), IPV4);
const ports = new Map<number, bigint>();
process.stdout.write('ready\n');
while (ports.size < Number(count)) {
  const frame = socket.receive(1000);
  if (frame?.[PROTOCOL] !== TCP || frame[FLAGS] !== SYN) continue;
  const port = ((frame[PORT] ?? 0) << 8) | (frame[PORT + 1] ?? 0);
  if (!ports.has(port)) ports.set(port, process.hrtime.bigint());
}
process.kill(Number(pid), 'SIGKILL');
process.stdout.write(`${[...ports].map((each) => each.join('@')).join(' ')}\n`);
