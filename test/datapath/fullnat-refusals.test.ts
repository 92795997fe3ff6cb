// FULLNAT: what is refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryDirector } from '../../src/datapath/memory/memory-director.js';
import { PacketDirector } from '../../src/datapath/memory/packets/packet-director.js';
import { isWeirError } from '../../src/model/errors/weir-error.js';
import { ip } from '../support/ip.js';
import { type Bed, inBed, skipReason } from './bed.js';
import { OWN, SERVERS, VIP } from './fixtures/bed-addresses.js';
import { destination, serviceKey } from './fixtures/fixture.js';
import { BedEnvironment } from './reference/bed-environment.js';

const key = serviceKey('udp', VIP, 53);
const service = (onePacket: boolean) => ({ key, scheduler: 'rr', schedFlags: 0, onePacket });
const fullnat = (server: string, local: string) => ({ ...destination(`${server}:53`, 'fullnat'), localAddresses: [ip(local)] });
const masq = (server: string) => destination(`${server}:53`, 'masq');

type Refusing = Pick<Bed['director'], 'addService' | 'editService' | 'addDestination' | 'editDestination'>;

/** Single packets and FULLNAT, in whatever order they come. */
function refuses(director: Refusing): void {
  const refused = (work: () => void): void => assert.throws(work, (error) => isWeirError(error, 'fullnat-one-packet'));
  director.addService(service(true));
  refused(() => director.addDestination(key, fullnat(SERVERS[0], OWN.back)));
  director.addDestination(key, masq(SERVERS[0]));
  refused(() => director.editDestination(key, fullnat(SERVERS[0], OWN.back)));
  director.editService(service(false));
  director.editDestination(key, fullnat(SERVERS[0], OWN.back));
  refused(() => director.editService(service(true)));
  director.editDestination(key, masq(SERVERS[0]));
  director.editService(service(true));
}

test('single packets and FULLNAT are refused together: a director in memory, and the reference director', () => {
  refuses(new MemoryDirector());
  refuses(new PacketDirector(new BedEnvironment()));
});

test('single packets and FULLNAT are refused together: the loaded table', { skip: skipReason() }, async () => {
  await inBed(({ director }) => refuses(director));
});
