// The hashes by which the datapath finds a client's connections and templates, in the form of the reference director.
import { swap16, swap32 } from '../../../wire/bytes.js';
import type { Endpoint } from '../../memory/packets/endpoint.js';
import { type Ip, wordsOf } from '../../memory/packets/ip.js';
import { Abi } from '../abi.gen.js';
import { callPort } from './call-port.js';
import { type HashKeys, keyedHash } from './endpoint-table.js';
import { addressHash } from './record-address.js';

/** What takes an address's place in a key, packet order: IPv6 has a hash there. */
function wordOf(address: Ip, keys: HashKeys): number {
  const words = wordsOf(address).map(swap32);
  return words.length === 1 ? (words[0] ?? 0) : addressHash(words, keys);
}

/** The home of a client's connections: the client alone chooses the bucket. */
export const connectionHome = ({ address, port }: Endpoint, keys: HashKeys): number =>
  keyedHash(BigInt(wordOf(address, keys)) | (BigInt(swap16(port)) << BigInt(Abi.K_PORT_SHIFT)), keys);

/** The homes of a template, as a TemplateHash has them. `service`: the number of its record. */
export const templateHome = (network: Ip, service: number, call: string | undefined, keys: HashKeys): number =>
  keyedHash(BigInt(wordOf(network, keys)) | callPort(call, keys) | (BigInt(service) << BigInt(Abi.K_SERVICE_SHIFT)), keys);
