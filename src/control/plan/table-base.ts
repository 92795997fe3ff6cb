// A short name for a table: equal for the same services, servers and timeouts, whatever their order and their connections. It is made again for each state
// of the table by processes that answer meanwhile, so it is a sum of hashes: nothing is sorted or written out.
import type { Address } from '../../model/address.js';
import type { DestinationSpec, ServiceSpec } from '../../model/service.js';
import { MixedHash } from '../../wire/mixed-hash.js';
import type { TableFacts } from './table-facts.js';

type Hash = readonly [number, number];

/** Of hashes whose order does not matter. */
class HashSum {
  #one = 0;
  #two = 0;

  add([one, two]: Hash): void {
    this.#one = (this.#one + one) | 0;
    this.#two = (this.#two + two) | 0;
  }

  get value(): Hash {
    return [this.#one, this.#two];
  }
}

function addAddress(hash: MixedHash, { words }: Address): void {
  hash.word(words.length);
  for (const word of words) hash.word(word);
}

function serverHash(spec: DestinationSpec): Hash {
  const { address, port, method, weight, upperThreshold, lowerThreshold, tunnel, localAddresses = [], clientAddress } = spec;
  const hash = new MixedHash();
  addAddress(hash, address);
  hash.word(port).text(method).word(weight).word(upperThreshold).word(lowerThreshold);
  if (method === 'tunnel') hash.text(tunnel.type).word(tunnel.port).text(tunnel.checksum);
  hash.word(localAddresses.length);
  for (const local of localAddresses) addAddress(hash, local);
  return hash.text(clientAddress ?? '').value();
}

function addKey(hash: MixedHash, key: ServiceSpec['key']): void {
  if (key.kind === 'fwmark') {
    hash.text(key.family).word(key.mark);
    return;
  }
  addAddress(hash.text(key.protocol), key.address);
  hash.word(key.port);
}

/** Of all that is configured of a service and its servers: equal where nothing but the servers' order differs. */
export function configuredHash(
  { key, scheduler, schedFlags, onePacket, persistence, idleEngine = '' }: ServiceSpec,
  servers: readonly DestinationSpec[],
): Hash {
  const hash = new MixedHash();
  addKey(hash, key);
  hash.text(scheduler).word(schedFlags).word(Number(onePacket));
  if (persistence === undefined) hash.word(0).text(idleEngine);
  else
    hash
      .word(1)
      .word(persistence.timeout)
      .word(persistence.netmask)
      .text(persistence.engine ?? '');
  const sum = new HashSum();
  for (const server of servers) sum.add(serverHash(server));
  return hash.word(servers.length).word(sum.value[0]).word(sum.value[1]).value();
}

const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');

/** Of what the document may own: services of others do not count. */
export function tableBase({ present, owners, timeouts }: Pick<TableFacts, 'present' | 'owners' | 'timeouts'>): string {
  const sum = new HashSum();
  let services = 0;
  for (const [id, { spec, destinations }] of present) {
    if (owners.has(id)) continue;
    services += 1;
    sum.add(configuredHash(spec, destinations));
  }
  const hash = new MixedHash().word(timeouts.tcp).word(timeouts.tcpFin).word(timeouts.udp).word(services);
  return hash.word(sum.value[0]).word(sum.value[1]).value().map(hex).join('');
}
