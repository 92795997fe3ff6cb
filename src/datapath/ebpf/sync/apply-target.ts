// Which service and destination of this director a connection of another one is for: as the kernel's IPVS finds them for a connection that is
// synchronised (ip_vs_find_dest), whatever weight the destination has, and whether or not it is full.
import type { ForeignConnection } from '../../../model/foreign-connection.js';
import type { ForeignTemplate } from '../../../model/foreign-template.js';
import { addressId, serviceId } from '../../../model/identity.js';
import { IpProtocol } from '../../../model/ip-protocol.js';
import { masquerades } from '../../../model/masquerades.js';
import type { DestinationKey, Protocol, ServiceKey } from '../../../model/service.js';
import { swap16 } from '../../../wire/bytes.js';
import { Dest, Service, WeirState } from '../abi.gen.js';
import type { EndpointTable } from '../table/endpoint-table.js';
import { isRecordedWide, serviceEndpoint } from '../table/identity.js';
import { recordedAddress } from '../table/record-address.js';
import { destinationIds } from '../table/service-list.js';
import type { Tables } from '../table/tables.js';

/** Numbers of records. `wide`: the connection is in the table of services of all ports. */
export interface ApplyTarget {
  readonly service: number;
  readonly dest: number;
  readonly wide: boolean;
}

const [FTP_PORT, FTP_DATA_PORT, PRIVILEGED_PORTS] = [21, 20, 1024];

const protocolOf = (number: number): Protocol | undefined => (['tcp', 'udp', 'sctp'] as const).find((name) => IpProtocol[name] === number);

/** What a connection is sought by. */
type Sought = Pick<ForeignConnection, 'protocol' | 'virtual' | 'server' | 'mark' | 'method'>;

/** What may take the connection, first its mark's service, then its virtual endpoint's, FTP's for data, and that of all ports. */
function keysFor({ protocol, virtual, mark }: Sought): readonly ServiceKey[] {
  const { address, port } = virtual;
  const marked: readonly ServiceKey[] = mark === 0 ? [] : [{ kind: 'fwmark', family: virtual.address.family, mark }];
  const name = protocolOf(protocol);
  if (name === undefined) return marked;
  const isFtpData = name === 'tcp' && (port === FTP_DATA_PORT || port >= PRIVILEGED_PORTS);
  const ports = [port, ...(isFtpData ? [FTP_PORT] : []), 0];
  return [...marked, ...ports.map((each) => ({ kind: 'address', protocol: name, address, port: each }) as const)];
}

/** Reads services and destinations, and keeps what it has found: for the connections of one moment. */
export class ApplyTargets {
  readonly #services = new Map<string, number>();
  readonly #dests = new Map<number, readonly { readonly id: number; readonly address: string; readonly port: number }[]>();

  constructor(
    readonly tables: Tables,
    readonly endpoints: EndpointTable,
  ) {}

  /** undefined: there is no such service, or no such destination of it. */
  of(connection: Sought): ApplyTarget | undefined {
    for (const key of keysFor(connection)) {
      const service = this.#serviceOf(key);
      if (service === 0) continue;
      const dest = this.#destOf(service, connection);
      const isWide = isRecordedWide(this.tables, service) || this.#isOtherPort(service, connection.virtual);
      return dest === undefined ? undefined : { service, dest, wide: isWide };
    }
    return undefined;
  }

  /** The same of a template, whose service is persistent. One without a port may be FTP's, which the kernel would not find. */
  ofTemplate({
    protocol,
    virtual,
    server,
    mark,
  }: Pick<ForeignTemplate, 'protocol' | 'virtual' | 'server' | 'mark'>): ApplyTarget | undefined {
    const name = protocolOf(protocol);
    const { address, port } = virtual;
    const ports = port === 0 ? [0, FTP_PORT] : [port];
    const keys: readonly ServiceKey[] =
      mark !== 0
        ? [{ kind: 'fwmark', family: virtual.address.family, mark }]
        : name === undefined
          ? []
          : ports.map((each) => ({ kind: 'address', protocol: name, address, port: each }) as const);
    const service = keys.map((key) => this.#serviceOf(key)).find((id) => id !== 0);
    const dest = service === undefined ? undefined : this.#destWith(service, server, server.port === 0);
    return service === undefined || dest === undefined ? undefined : { service, dest, wide: false };
  }

  /** `anyPort`: of those with the address the newest one. */
  #destWith(service: number, server: DestinationKey, anyPort: boolean): number | undefined {
    const address = addressId(server.address);
    return this.#destsOf(service).find((each) => each.address === address && (anyPort || each.port === server.port))?.id;
  }

  /** FTP's data connections have the service of their control connection. */
  #isOtherPort(service: number, { port }: DestinationKey): boolean {
    return swap16(this.tables.services.get(service, Service.port)) !== port;
  }

  /** 0: there is none. */
  #serviceOf(key: ServiceKey): number {
    const text = serviceId(key);
    const known = this.#services.get(text);
    if (known !== undefined) return known;
    const found = this.endpoints.find(serviceEndpoint(this.tables, key));
    const live = found !== 0 && this.tables.services.get(found, Service.state) === WeirState.LIVE ? found : 0;
    this.#services.set(text, live);
    return live;
  }

  #destOf(service: number, { server, virtual, mark, method }: Sought): number | undefined {
    const address = addressId(server.address);
    const at = this.#destsOf(service).filter((each) => each.address === address);
    const first = mark !== 0 && !masquerades({ method }) ? 0 : server.port;
    const found = [first, first === 0 ? server.port : 0].flatMap((port) => at.find((each) => each.port === port)?.id ?? [])[0];
    // A client of all ports, or of FTP's data, has the port that it asked for, whatever the destination's is. The kernel finds none then.
    return found ?? (isRecordedWide(this.tables, service) || this.#isOtherPort(service, virtual) ? at[0]?.id : undefined);
  }

  #destsOf(service: number): readonly { readonly id: number; readonly address: string; readonly port: number }[] {
    const known = this.#dests.get(service);
    if (known !== undefined) return known;
    const { dests } = this.tables;
    const found = destinationIds(this.tables, service).map((id) => ({
      id,
      address: addressId(recordedAddress(dests, Dest, id)),
      port: swap16(dests.get(id, Dest.port)),
    }));
    this.#dests.set(service, found);
    return found;
  }
}
