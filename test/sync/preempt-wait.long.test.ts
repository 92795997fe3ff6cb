// A node that comes back does not preempt before it has its peer's connections.
import { after, test } from 'node:test';
import { Bed, type Host, noNamespaces } from '../support/netns-bed.js';
import { type Node, pairOnLan } from './keepalived-node.js';
import { newKey, startStream } from './stream-pair.js';

const skip = noNamespaces();
const bed = new Bed();
after(() => bed.close());

const vrrpLine = (host: Host): string => /^VRRP +(.*)$/m.exec(host.weir('status').stdout)?.[1] ?? '';

test('it waits while the peer does not answer, and takes over when it has all', { skip }, async () => {
  const [low, high] = pairOnLan(bed);
  const key = newKey({ bed, lvs: low.host }).file;
  const logs = (node: Node, text: string): Promise<string> =>
    node.daemon.until(text, () => node.daemon.lines.find((line) => line.endsWith(text)));
  low.start();
  const stream = startStream({ bed }, high.host, key, '10.9.0.1');
  await stream.until('its first failure', () => stream.lines.find((line) => line.includes('does not send')));
  await logs(low, '(VI_1) Entering MASTER STATE');
  high.start();
  await logs(high, '(VI_1) waits for connections of its peers before it preempts, at most 60 s: 10.9.0.1:8848 (no session)');
  // Between two states it is published once a second.
  const waits =
    /^VI_1 BACKUP .*; waits for connections of its peers before it preempts, at most [1-6]?\d s: 10\.9\.0\.1:8848 \(no session\)$/;
  await high.daemon.until('its status', () => waits.test(vrrpLine(high.host)));
  startStream({ bed }, low.host, key, '10.9.0.2');
  await logs(high, '(VI_1) has all connections of its peers, and waits no longer');
  await logs(high, '(VI_1) Entering MASTER STATE');
  for (const node of [low, high]) await node.daemon.stop();
});
