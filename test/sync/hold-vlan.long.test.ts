// First packets that are held back where clients come by a VLAN, with one tag and with two: each comes in again by the VLAN's own device, and its connection
// is at the peer before the server has it. (The same on Linux 6.1, where this kernel has no VLANs: test/vm.)
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ok, until } from '../datapath/cluster.js';
import { noVlans, STACKED_LINES, taggedLines } from '../datapath/vlans.js';
import { addServices, inPair, type Pair } from './pair.js';
import { inStep, startStreams, streamOf } from './stream-pair.js';

const skip = noVlans();
const CONNECT = fileURLToPath(new URL('./connect-times-child.js', import.meta.url));
const PORT = 90;
const COUNT = 8;
/** A VLAN's last device, how it comes about on eth0, and the first two numbers of its network. */
const VLANS = [
  { device: 'eth0.5', make: taggedLines(5), network: '10.75' },
  { device: 'eth0.9.7', make: STACKED_LINES, network: '10.97' },
] as const;

function joinVlans({ client, lvs }: Pair): void {
  for (const { device, make, network } of VLANS) {
    for (const [k, host] of [lvs, client].entries()) {
      for (const line of make) host.ip(line);
      host.ip(`link set ${device} mtu 1492 up`);
      host.ip(`addr add ${network}.0.${k + 1}/24 dev ${device}`);
    }
  }
}

test('clients in VLANs: their new connections are held back, come in again, and each is at the peer', { skip }, () =>
  inPair(async (pair) => {
    const { client, lvs, second } = pair;
    joinVlans(pair);
    const services = VLANS.map(({ network }) => ({ address: `${network}.0.1`, port: PORT, server: `10.8.2.12:${PORT} -m` }));
    for (const director of [lvs, second]) addServices(director, services);
    startStreams(pair, '--hold', '100');
    await inStep(lvs, second);
    let before = 0;
    for (const { address } of services) {
      // A process that an emulator lets wait for too long does not ask for packets to be held back.
      const held = await until(
        () => {
          ok(client.run([process.execPath, CONNECT, address, String(PORT), String(COUNT)]));
          return streamOf(lvs)?.stream.hold ?? assert.fail('it holds nothing back');
        },
        (hold) => hold.held >= before + COUNT,
        120,
      );
      assert.equal(held.failed, 0, `${address}: ${JSON.stringify(held)}`);
      assert.ok(held.released.acknowledged > 0, JSON.stringify(held));
      before = held.held;
    }
    assert.doesNotMatch(ok(lvs.weir('stats drops')), /hold_unfit/);
  }),
);
