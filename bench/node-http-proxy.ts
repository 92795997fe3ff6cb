// A proxy as node:http and its Agent make it, for comparison: ADDRESS PORT SERVER...
import { Agent, createServer, request } from 'node:http';

const [address = '', port = '', ...servers] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: 64 });
let turn = 0;

createServer((incoming, outgoing) => {
  const [host, serverPort] = (servers[turn++ % servers.length] ?? '').split(':');
  const { method, url, headers } = incoming;
  const asked = request({ host, port: serverPort, method, path: url, headers, agent }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  asked.on('error', () => outgoing.destroy());
  incoming.pipe(asked);
}).listen(Number(port), address);
