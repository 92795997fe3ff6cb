// IPv6: two clients whose addresses have one hash, and so one key, are two clients all the same, on each hook.
import assert from 'node:assert/strict';
import { hashKeysOf, keyedHash } from '../../src/datapath/ebpf/table/endpoint-table.js';
import { addressHash, modelAddress, packetWords } from '../../src/datapath/ebpf/table/record-address.js';
import { formatAddress } from '../../src/model/address-text.js';
import { breadth, test } from '../support/breadth.js';
import { type Bed, openBed, skipReason } from './bed.js';
import { ip } from './fixtures/bed-addresses.js';
import { IPv6 } from './fixtures/family.js';
import { destination, service } from './fixtures/fixture.js';

const ADDRESSES = 2 ** 18; // eight pairs of one hash of 32 bits, on average
/** Of the target's address in a frame. */
const TARGET_AT = 14 + 24;

/** Two addresses of a network behind the router. */
function twins(bed: Bed): readonly [string, string] {
  const keys = hashKeysOf(bed.tables);
  const [a = 0, b = 0] = packetWords(ip(IPv6.farNetwork));
  const met = new Map<number, number>();
  const words = (k: number): readonly number[] => [a, b, 1, k];
  for (let k = 1; k <= ADDRESSES; k++) {
    const hash = keyedHash(1n | (BigInt(k) << 32n), keys); // of the second half: the first one is the network's
    const other = met.get(hash);
    if (other !== undefined) {
      assert.equal(addressHash(words(k), keys), addressHash(words(other), keys));
      return [formatAddress(modelAddress(...words(other))), formatAddress(modelAddress(...words(k)))];
    }
    met.set(hash, k);
  }
  assert.fail(`no two of ${ADDRESSES} addresses have one hash`);
}

for (const hook of ['ingress', 'xdp'] as const) {
  const declare = hook === 'xdp' ? test : breadth;

  declare(`each has its connection, its server and its answers (${hook})`, { skip: skipReason() }, () => {
    const bed = openBed({ attach: hook === 'xdp' ? 'xdp' : 'tc' });
    try {
      const clients = twins(bed);
      const { service: spec } = service('tcp', IPv6.vip, 80, []);
      bed.director.addService({ ...spec, scheduler: 'rr' });
      for (const server of IPv6.servers) bed.director.addDestination(spec.key, destination(IPv6.at(server, 8080), 'masq'));
      const target = (frame: Uint8Array): string =>
        formatAddress({ family: 'inet6', words: [0, 4, 8, 12].map((at) => Buffer.from(frame).readUInt32BE(TARGET_AT + at)) });
      const asks = (client: string, letters: string): string => {
        const packet = IPv6.tcp({ from: IPv6.at(client, 4000), to: IPv6.at(IPv6.vip, 80) }, letters);
        const { verdict, frame } = bed.send(hook, 'front', IPv6.fromClient(packet, client));
        assert.equal(verdict, 'redirect', `${letters} of ${client}`);
        return target(frame);
      };
      const answers = (server: string, client: string, letters: string): void => {
        const packet = IPv6.tcp({ from: IPv6.at(server, 8080), to: IPv6.at(client, 4000) }, letters);
        const { verdict, frame } = bed.send(hook, 'back', IPv6.fromServer(packet, server));
        assert.deepEqual([verdict, target(frame)], ['redirect', client], `${letters} of ${server}`);
      };
      const servers = clients.map((client) => asks(client, 'S'));
      assert.deepEqual([...servers].sort(), [...IPv6.servers].sort());
      for (const letters of ['SA', 'A', 'A']) {
        clients.forEach((client, k) => {
          answers(servers[k] ?? '', client, letters);
          assert.equal(asks(client, 'A'), servers[k]);
        });
      }
      const listed = [...bed.director.connections()].map(({ client, destination: server }) => [
        formatAddress(client.address),
        formatAddress(server.address),
      ]);
      assert.deepEqual(listed.sort(), clients.map((client, k) => [client, servers[k]]).sort());
      assert.deepEqual(bed.drops(), {});
    } finally {
      bed.close();
    }
  });
}
