// FULLNAT's flows as they are in the loaded datapath, for one packet that is explained: none is made.
import { existsSync } from 'node:fs';
import { BpfMap } from '../../../sys/bpf/bpf-objects.js';
import { encodeRecord } from '../../../sys/bpf/records.js';
import { using } from '../../../sys/fd.js';
import { swap16, viewOf } from '../../../wire/bytes.js';
import type { Connection } from '../../memory/packets/connection.js';
import type { Endpoint } from '../../memory/packets/endpoint.js';
import { addressOf, familyOf, type Ip, ipOf } from '../../memory/packets/ip.js';
import type { LocalPorts } from '../../memory/packets/local-ports.js';
import type { DestinationRecord } from '../../memory/packets/records.js';
import { FullnatClient, FullnatEnds } from '../fullnat.gen.js';
import { FullnatPools } from '../table/fullnat-pools.js';
import { modelAddress, packetWords } from '../table/record-address.js';
import type { Tables } from '../table/tables.js';

const PLACE_BYTES = 4;
const wordOf = (address: Ip): number => packetWords(addressOf(address))[0] ?? 0;
const isIpv4 = ({ address }: Endpoint): boolean => familyOf(address) === 'inet';

export class LiveLocalPorts implements LocalPorts {
  /** The number of a destination's record. */
  idOf: (destination: DestinationRecord) => number | undefined = () => undefined;
  /** A connection that has no flow yet would get one, with a port that is known only then. */
  made = false;

  constructor(readonly tables: Tables) {}

  /** What stands for the client of a connection. undefined: it has no flow. */
  localOf({ client, destination }: Connection): Endpoint | undefined {
    if (destination.locals.length === 0 || !isIpv4(client)) return undefined;
    const dest = this.idOf(destination) ?? 0;
    const place = this.#lookup(
      'fullnat_clients',
      encodeRecord(FullnatClient, { client: wordOf(client.address), port: swap16(client.port), dest }),
    );
    return place === undefined ? undefined : { address: ipOf(new FullnatPools(this.tables).localAt(place >>> 16)), port: place & 0xffff };
  }

  /** Of a connection that has none, the address that its client would get first; its port is 0. */
  take(connection: Connection): Endpoint | undefined {
    const known = this.localOf(connection);
    if (known !== undefined) return known;
    const dest = this.idOf(connection.destination);
    const pools = new FullnatPools(this.tables);
    const free = dest === undefined ? undefined : pools.useOf(dest).find(({ used, ports }) => used < ports);
    if (free === undefined) return undefined;
    this.made = true;
    return { address: ipOf(free.local), port: 0 };
  }

  clientOf(server: Endpoint, local: Endpoint, protocol: number): Endpoint | undefined {
    if (!isIpv4(server) || !isIpv4(local)) return undefined;
    const ends = { server: wordOf(server.address), local: wordOf(local.address), serverPort: swap16(server.port), protocol };
    const pool = this.#lookup('fullnat_ends', encodeRecord(FullnatEnds, ends));
    if (pool === undefined) return undefined;
    return this.#clientAt(((pool << 16) | local.port) >>> 0);
  }

  #lookup(name: string, key: Uint8Array): number | undefined {
    const path = `${this.tables.folder}/${name}`;
    const value = new Uint8Array(PLACE_BYTES);
    if (!existsSync(path) || !using(BpfMap.pinned(path), (map) => map.lookup(key, value))) return undefined;
    return viewOf(value).getUint32(0, true);
  }

  /** A pool's own array cannot be opened by who only looks: the flows are walked. */
  #clientAt(place: number): Endpoint | undefined {
    return using(BpfMap.pinned(`${this.tables.folder}/fullnat_clients`), (map) => {
      const value = new Uint8Array(PLACE_BYTES);
      for (const key of map.keys()) {
        if (!map.lookup(key, value) || viewOf(value).getUint32(0, true) !== place) continue;
        const view = viewOf(key);
        const address = ipOf(modelAddress(view.getUint32(FullnatClient.client.at, true)));
        return { address, port: swap16(view.getUint32(FullnatClient.port.at, true)) };
      }
      return undefined;
    });
  }
}
