// Servers that are out, as checks found: content switching gives them no connection, and those that they have go on. By address and port, so that an
// entry holds for whatever rules there are, now and later.
import { existsSync } from 'node:fs';
import type { Family } from '../../../model/address.js';
import { endpointText } from '../../../model/endpoint-text.js';
import type { DestinationKey } from '../../../model/service.js';
import type { BpfMap } from '../../../sys/bpf/bpf-objects.js';
import { encodeRecord, u32 } from '../../../sys/bpf/records.js';
import { swap16 } from '../../../wire/bytes.js';
import { packetWords } from '../table/record-address.js';
import { endpointIn, familyPin, switchFamilies, switchRecords, withSwitchMap } from './switch-maps.js';

const keyOf = ({ address, port }: DestinationKey): Uint8Array =>
  encodeRecord(switchRecords(address.family).SwitchOutKey, { addr: packetWords(address), port: swap16(port) });

const serverOf = (family: Family, key: Uint8Array): DestinationKey => endpointIn(switchRecords(family).SwitchOutKey, key);

/** Programs of a build before have no such map. */
function withOuts<T>(folder: string, family: Family, otherwise: T, work: (map: BpfMap) => T): T {
  const pin = familyPin(family, 'outs');
  return existsSync(`${folder}/${pin}`) ? withSwitchMap(folder, pin, work) : otherwise;
}

/** @throws WeirError pin-missing: nothing is switched any more */
export const outServers = (folder: string): readonly DestinationKey[] =>
  switchFamilies(folder).flatMap((family) => withOuts(folder, family, [], (map) => [...map.keys()].map((key) => serverOf(family, key))));

/**
 * These are out. `written`: those that the caller wrote before, by `address:port`, of which the others are out no more; undefined: of all that are
 * there. @throws WeirError pin-missing: nothing is switched any more
 */
export function writeOuts(folder: string, outs: readonly DestinationKey[], written: ReadonlySet<string> | undefined): void {
  const wanted = new Set(outs.map((server) => endpointText(server)));
  for (const family of switchFamilies(folder))
    withOuts(folder, family, undefined, (map) => {
      for (const key of [...map.keys()]) {
        const name = endpointText(serverOf(family, key));
        if (!wanted.has(name) && written?.has(name) !== false) map.delete(key);
      }
      for (const server of outs) if (server.address.family === family) map.update(keyOf(server), u32(1));
    });
}
