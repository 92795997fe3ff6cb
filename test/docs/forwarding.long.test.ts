// The commands of docs/forwarding-nat.md, forwarding-dr.md and forwarding-local.md, typed on hosts that are as the pages draw them.
import assert from 'node:assert/strict';
import { fencedBlocks } from '../support/fenced-blocks.js';
import type { Host } from '../support/netns-bed.js';
import { read } from '../support/project.js';
import { type Procedure, procedure, startWebs } from './procedure.js';

/** The blocks of commands: the first block of a page is its picture. */
const commandsOf = (page: string): readonly (readonly string[])[] =>
  fencedBlocks(read(page))
    .slice(1)
    .map((block) => block.trim().split('\n'));

function type(at: Procedure, host: Host, lines: readonly string[] = []): void {
  assert.ok(lines.length >= 2);
  for (const line of lines) at.type(host, line);
}

procedure('VS/NAT, and a server with another default route', 'nat', async (at) => {
  const [director, server, bySource, own] = commandsOf('docs/forwarding-nat.md');
  const [web1, web2] = at.servers;
  await startWebs(at, 8080);
  at.director.ip('addr del 192.168.88.5/24 dev eth0');
  type(at, at.director, director);
  for (const host of at.servers) type(at, host, server);
  const url = 'http://192.168.88.5/';
  assert.deepEqual(at.names(3, url), ['web1', 'web2', 'web2']);
  at.type(web1, 'ip route replace default via 192.168.99.200');
  const lost = [1, 2, 3].map(() => at.run(at.client, `curl -s -m 2 ${url}`).status);
  assert.ok(lost.includes(28), `one of them waits: ${lost.join(' ')}`);
  type(at, web1, bySource);
  assert.deepEqual(at.names(3, url), ['web1', 'web2', 'web2']);
  await at.web(at.client, 8081);
  type(at, at.director, own);
  at.type(at.director, 'weir doctor');
  assert.match(at.type(web2, 'curl -s -m 20 http://192.168.88.10:8081/'), /^client1 192\.168\.88\.5$/m);
  assert.match(at.type(web2, 'ip route'), /^default via 192\.168\.99\.5 /m);
});

procedure('VS/DR', 'one switch', async (at) => {
  const [director, server] = commandsOf('docs/forwarding-dr.md');
  await startWebs(at);
  for (const host of at.servers) at.type(host, 'ip route add default via 192.168.88.10');
  type(at, at.director, director);
  for (const host of at.servers) type(at, host, server);
  assert.deepEqual(at.names(6, 'http://192.168.88.15/').length, 6);
  at.type(at.director, 'weir doctor');
});

const LOCAL = 'docs/forwarding-local.md';

procedure('a server on the director by VS/NAT, and past the servers', 'nat', async (at) => {
  const [director, bypass] = commandsOf(LOCAL).filter(([first = '', ...more]) => more.length > 1 && /^[a-z]/.test(first));
  const [web1, site] = at.servers;
  await at.web(at.director, 8080);
  await at.web(web1, 8080);
  await at.web(site, 80);
  at.director.ip('addr del 192.168.88.5/24 dev eth0');
  type(at, at.director, director);
  for (const host of at.servers) at.type(host, 'ip route add default via 192.168.99.5');
  at.client.ip('route add default via 192.168.88.5');
  assert.deepEqual(at.names(4, 'http://192.168.88.5/'), ['lvs1', 'lvs1', 'web1', 'web1']);
  type(at, at.director, bypass);
  assert.deepEqual(at.names(1, 'http://192.168.99.200/'), ['web2']);
  assert.match(at.type(at.director, 'ipvsadm -Lcn'), /^TCP .* 192\.168\.88\.10:\d+ +192\.168\.99\.200:80 +0\.0\.0\.0:0$/m);
});

procedure('a server on the director by VS/DR', 'one switch', async (at) => {
  await startWebs(at);
  await at.web(at.director);
  for (const host of at.servers) at.type(host, 'weir realserver start --vip 192.168.88.15');
  at.type(at.director, 'weir vip add 192.168.88.15 --dev eth0; ipvsadm -A -t 192.168.88.15:80 -s rr');
  for (const server of ['192.168.88.5', '192.168.88.100']) at.type(at.director, `ipvsadm -a -t 192.168.88.15:80 -r ${server} -g`);
  assert.deepEqual(at.names(4), ['lvs1', 'lvs1', 'web1', 'web1']);
});
