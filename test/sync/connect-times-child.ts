// A client that opens connections one after the other, run with node inside a host: HOST PORT COUNT [MS].
// They are so many, or as many as begin in so many milliseconds. It prints how many milliseconds each took.
import { once } from 'node:events';
import { createConnection } from 'node:net';

const [host = '', port, count, ms = '0'] = process.argv.slice(2);
const times: string[] = [];
while (times.length < Number(count) || performance.now() < Number(ms)) {
  const began = performance.now();
  const socket = createConnection({ host, port: Number(port) });
  await once(socket, 'connect');
  times.push((performance.now() - began).toFixed(2));
  socket.destroy();
}
process.stdout.write(times.join(' '));
