// Which service and destination of this director an item of weir's own stream is for: found by endpoints once for each destination that a peer has named,
// until services or servers change here.
import type { Family } from '../../../model/address.js';
import { IpProtocol } from '../../../model/ip-protocol.js';
import type { DestinationKey } from '../../../model/service.js';
import type { DictionaryDestination } from '../../../wire/sync/stream-dictionary.js';
import { ItemFlag, type StreamItem } from '../../../wire/sync/stream-item.js';
import { Conf, Service } from '../abi.gen.js';
import { EndpointTable } from '../table/endpoint-table.js';
import { isFullnat, recordedForwarding } from '../table/forwarding-word.js';
import { isRead } from '../table/ftp.js';
import { modelAddress } from '../table/record-address.js';
import type { Tables } from '../table/tables.js';
import { type ApplyTarget, ApplyTargets } from './apply-target.js';
import { proxyReport } from './flow-report.js';

/** `fullnat`: its destination knows no clients, so that its connections have a local port. `ftp`: its connections may have the helper for FTP. */
export interface FoundTarget extends ApplyTarget {
  readonly fullnat: boolean;
  readonly ftp: boolean;
}
type ItemTarget = FoundTarget | 'unbound' | 'unsupported';

/** More is found again. */
const KNOWN_MAX = 262_144;

const addressOf = (words: Uint32Array, family: Family): DestinationKey['address'] =>
  modelAddress(...words.subarray(0, family === 'inet' ? 1 : 4));

export class ItemTargets {
  readonly #templates = new Map<DictionaryDestination, ItemTarget>();
  readonly #portless = new Map<DictionaryDestination, ItemTarget>();
  readonly #connections = new Map<DictionaryDestination, ItemTarget>();
  /** Of connections with an endpoint of their own: by this and the server's port. */
  readonly #byPorts = new Map<DictionaryDestination, Map<number, ItemTarget>>();
  #portsKnown = 0;
  #generation = -1;
  #found: ApplyTargets;

  constructor(readonly tables: Tables) {
    this.#found = new ApplyTargets(tables, new EndpointTable(tables));
  }

  /** The caller holds the lock from here on. */
  begin(): void {
    const generation = this.tables.conf.get(0, Conf.generation);
    const known = [this.#templates, this.#portless, this.#connections].reduce((sum, { size }) => sum + size, this.#portsKnown);
    if (generation !== this.#generation || known > KNOWN_MAX) {
      for (const map of [this.#templates, this.#portless, this.#connections, this.#byPorts]) map.clear();
      this.#portsKnown = 0;
      this.#found = new ApplyTargets(this.tables, new EndpointTable(this.tables));
    }
    this.#generation = generation;
  }

  /** `ended`: then it needs no local port. */
  connection(item: StreamItem, ended: boolean): ItemTarget {
    const found = this.#connection(item);
    return typeof found === 'string' || canTake(item, found, ended) ? found : 'unsupported';
  }

  #connection(item: StreamItem): ItemTarget {
    const { flags, destination } = item;
    if ((flags & ItemFlag.endpoint) !== 0) return this.#ofOwnEndpoint(item);
    const known = this.#connections.get(destination);
    if (known !== undefined) return known;
    const found = this.#find(item);
    this.#connections.set(destination, found);
    return found;
  }

  /** The virtual address is the service's, or that of a mark, whose service does not depend on it. */
  #ofOwnEndpoint(item: StreamItem): ItemTarget {
    const { destination, virtualPort, serverPort, protocol } = item;
    const { service, serviceWords } = destination;
    for (let k = 0; k < serviceWords.length; k++) if (item.virtual[k] !== serviceWords[k]) return this.#find(item);
    const ports = (protocol * 0x1_0000 + virtualPort) * 0x1_0000 + serverPort;
    let of = this.#byPorts.get(destination);
    if (of === undefined) {
      of = new Map();
      this.#byPorts.set(destination, of);
    }
    const known = of.get(ports);
    if (known !== undefined) return known;
    const found = this.#find(item);
    if (service.kind === 'fwmark' && !this.#isOfMark(found, service.mark)) return found;
    of.set(ports, found);
    this.#portsKnown += 1;
    return found;
  }

  #isOfMark(found: ItemTarget, mark: number): boolean {
    return typeof found !== 'string' && this.tables.services.get(found.service, Service.mark) === mark;
  }

  #find({ destination, protocol, virtual, virtualPort, serverPort }: StreamItem): ItemTarget {
    const { service, key, method, family } = destination;
    const found = this.#found.of({
      protocol,
      virtual: { address: addressOf(virtual, family), port: virtualPort },
      server: { address: key.address, port: serverPort },
      mark: service.kind === 'fwmark' ? service.mark : 0,
      method,
    });
    if (found === undefined) return 'unbound';
    const { dest } = found;
    return { ...found, fullnat: isFullnat(recordedForwarding(this.tables, dest)), ftp: !found.wide && isRead(this.tables, dest) };
  }

  template({ flags, destination }: StreamItem): ItemTarget {
    const isPortless = (flags & ItemFlag.portless) !== 0;
    const of = isPortless ? this.#portless : this.#templates;
    const known = of.get(destination);
    if (known !== undefined) return known;
    const found = this.#findTemplate(destination, isPortless);
    of.set(destination, found);
    return found;
  }

  /** Of a mark no virtual endpoint counts, and it has none here. */
  #findTemplate({ service, key, family }: DictionaryDestination, isPortless: boolean): ItemTarget {
    const server = { address: key.address, port: isPortless ? 0 : key.port };
    const nowhere = { address: { family, words: [] }, port: 0 };
    const found = this.#found.ofTemplate(
      service.kind === 'fwmark'
        ? { protocol: 0, virtual: nowhere, server, mark: service.mark }
        : {
            protocol: IpProtocol[service.protocol],
            virtual: { address: service.address, port: isPortless ? 0 : service.port },
            server,
            mark: 0,
          },
    );
    return found === undefined ? 'unbound' : { ...found, fullnat: false, ftp: false };
  }
}

/** By FULLNAT a connection has a local port, of its own family, unless it waits for its client's first packet (FTP). Numbers of bytes are those of FTP, or by FULLNAT those of a PROXY header. */
function canTake(
  { flags, port, isLocalInet6, sequence, destination: { family } }: StreamItem,
  { fullnat, ftp }: FoundTarget,
  ended: boolean,
): boolean {
  const hasLocal = (flags & ItemFlag.local) !== 0;
  if (hasLocal ? !fullnat || isLocalInet6 !== (family === 'inet6') : fullnat && !ended && port !== 0) return false;
  if ((flags & ItemFlag.sequence) === 0) return true;
  return ftp || (fullnat && proxyReport(family, sequence[1] ?? 0, sequence[2] ?? 0) !== undefined);
}
