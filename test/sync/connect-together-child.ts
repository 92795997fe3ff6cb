// A client that begins connections together and holds them, run with node inside a host: HOST PORT COUNT. It prints when it begins them, nanoseconds of the
// monotonic clock.
import { createConnection } from 'node:net';

const [host = '', port, count] = process.argv.slice(2);
process.stdout.write(`${process.hrtime.bigint()}\n`);
for (let k = 0; k < Number(count); k++) createConnection({ host, port: Number(port) }).on('error', () => {});
