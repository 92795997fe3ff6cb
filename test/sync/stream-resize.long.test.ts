// The table gets another size while weir's own stream keeps its connections the same as a peer's: none ends at either, and none counts as lost.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ok, running, until, VIP } from '../datapath/cluster.js';
import { type Host, noNamespaces } from '../support/netns-bed.js';
import { addServices, inPair, startDaemon } from './pair.js';
import { inStep, startStreams, streamOf } from './stream-pair.js';

const skip = noNamespaces();
const COUNT = 40_000;
const SIZES = [300_000, 1_000_000, 300_000];

/** Announces connections to the group, as a master of the kernel's protocol: `COUNT VIRTUAL-ADDRESS SERVER`. */
const ANNOUNCER = `
const { createSocket } = require('node:dgram');
const [count, virtual, server] = process.argv.slice(1);
const [PORT, EACH, BYTES, HEAD] = [90, 40, 36, 8];
const word = (text) => text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
let sent = 0;
const message = () => {
  const bytes = Buffer.alloc(HEAD + BYTES * EACH);
  bytes[1] = 7;
  bytes.writeUInt16BE(bytes.length, 2);
  bytes[4] = EACH;
  bytes[5] = 1;
  for (let k = 0; k < EACH; k++, sent++) {
    const at = HEAD + BYTES * k;
    bytes[at + 1] = 6;
    bytes.writeUInt16BE(BYTES, at + 2);
    bytes.writeUInt16BE(1, at + 8);
    bytes.writeUInt16BE(2000 + (sent % 5000), at + 10);
    bytes.writeUInt16BE(PORT, at + 12);
    bytes.writeUInt16BE(PORT, at + 14);
    bytes.writeUInt32BE(900, at + 20);
    bytes.writeUInt32BE(word('10.9.0.0') + Math.floor(sent / 5000), at + 24);
    bytes.writeUInt32BE(word(virtual), at + 28);
    bytes.writeUInt32BE(word(server), at + 32);
  }
  return bytes;
};
const socket = createSocket('udp4');
socket.bind(() => {
  socket.setMulticastInterface('10.8.9.9');
  const next = () => {
    if (sent >= count) socket.close(() => console.log('sent'));
    else socket.send(message(), 8848, '224.0.0.81', () => setImmediate(next));
  };
  next();
});`;

/** Connections of all servers, as they are listed. */
const count = (host: Host): number =>
  [...ok(host.ipvsadm('-Ln')).matchAll(/-> \S+ +\S+ +\d+ +(\d+) +(\d+)/g)].reduce(
    (sum, [, one, two]) => sum + Number(one) + Number(two),
    0,
  );

test('a table of either node gets another size: all connections stay at both', { skip }, () =>
  inPair(async (pair) => {
    const { bed, lvs, second, link } = pair;
    for (const director of [lvs, second]) addServices(director);
    startDaemon(lvs, 'backup');
    const announcer = bed.host('announcer');
    bed.cable(announcer, 'eth0', link, '10.8.9.9/24');
    running(bed, announcer, [process.execPath, '-e', ANNOUNCER, `${COUNT}`, VIP, '10.8.2.12']);
    const all = (host: Host): Promise<number> =>
      until(
        () => count(host),
        (found) => found === COUNT,
        60,
      );
    await all(lvs);
    ok(lvs.ipvsadm('--stop-daemon backup'));
    startStreams(pair);
    await inStep(lvs, second);
    await all(second);
    for (const host of [lvs, second]) {
      for (const size of SIZES) {
        ok(host.weir(`load --connections ${size}`));
        await inStep(lvs, second);
        assert.deepEqual([count(lvs), count(second)], [COUNT, COUNT], `${host.name}: ${size}`);
      }
    }
    assert.equal(streamOf(lvs)?.wouldBreak, 0);
  }),
);
