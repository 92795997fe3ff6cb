// A client that opens connections one after the other, run with node inside a host: HOST PORT COUNT [MS].
// They are so many, or as many as begin in so many milliseconds. It prints how many milliseconds each took. Each has an answer before the next one begins: a
// server that gets no turn for a while has no room for hundreds that it has not accepted, and the next would wait for a second.
import { once } from 'node:events';
import { createConnection } from 'node:net';

const [host = '', port, count, ms = '0'] = process.argv.slice(2);
const times: string[] = [];
while (times.length < Number(count) || performance.now() < Number(ms)) {
  const began = performance.now();
  const socket = createConnection({ host, port: Number(port) });
  await once(socket, 'connect');
  times.push((performance.now() - began).toFixed(2));
  socket.end('?');
  socket.resume();
  await once(socket, 'close');
}
process.stdout.write(times.join(' '));
