// Collects what statements became, and builds services of them.
import { isLoopbackAddress } from '../../model/address.js';
import { formatAddress } from '../../model/address-text.js';
import { endpointText } from '../../model/endpoint-text.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { serviceId } from '../../model/identity.js';
import type { DestinationSpec, ServiceKey, ServiceSpec, Timeouts } from '../../model/service.js';
import { parseServiceWord, serviceWord } from '../../model/service-word.js';
import { eachServerOnce } from './each-once.js';
import type { Imported, ImportedDestination, ImportedService, ImportLine, ImportStatus } from './imported.js';
import { serverRefusal } from './server-refusal.js';
import { PERSISTENCE_MAX_S } from './values.js';

const TEXT_MAX = 120;
/** Services with their servers, and places where one listens: a range of ports or a pool behind many of them makes a million of a short text. */
const MADE_MAX = 200_000;

export interface At {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

export class ImportReport {
  readonly #lines: ImportLine[] = [];
  readonly #seen = new Set<string>();
  readonly #places = new Set<number>();
  readonly #services = new Map<string, ImportedService>();
  #isKnown = false;
  #made = 0;
  #timeouts: Timeouts | undefined;

  add(at: At, status: ImportStatus, became: string, consequence = '', hint?: string): void {
    this.#isKnown = true;
    this.#add(at, status, became, consequence, hint);
  }

  /** What is nothing of the format. */
  unknown(at: At, status: 'lost' | 'refused', consequence: string): void {
    this.#add(at, status, '', consequence);
  }

  /** Whether a line of the file has one here. */
  has({ line }: At): boolean {
    return this.#places.has(line);
  }

  /** The text is of the format, whatever is in it. */
  known(): void {
    this.#isKnown = true;
  }

  #add({ file, line, text }: At, status: ImportStatus, became: string, consequence: string, hint?: string): void {
    const shown = text.trim().slice(0, TEXT_MAX);
    // Of a range of servers each is as the others. A long line of many places has a line here for each of them: no more than what is shown is kept.
    const id = JSON.stringify([line, shown, status, became, consequence]);
    if (this.#seen.has(id)) return;
    this.#seen.add(id);
    this.#places.add(line);
    this.#lines.push({ file, line, text: shown, status, became, consequence, ...(hint === undefined ? {} : { hint }) });
  }

  lost(at: At, consequence: string, hint?: string): void {
    this.add(at, 'lost', '', consequence, hint);
  }

  /** `count`: what the statement makes. @throws WeirError import-syntax: with the statements before it, that is more than an import makes */
  makes({ file, line }: At, count: number): void {
    this.#made += count;
    if (this.#made <= MADE_MAX) return;
    throw new WeirError('import-syntax', { file, line, what: `this makes more than ${MADE_MAX} services and servers of the text` });
  }

  /** The first of a key stays. What no table takes of it has a line. @throws WeirError as makes */
  service(at: At, service: ImportedService): void {
    this.makes(at, 1 + service.destinations.length);
    const { key } = service.spec;
    const id = serviceId(key);
    if (parseServiceWord(serviceWord(key)) === undefined)
      this.add(at, 'refused', '', `no service is made: there is none with the port or mark of ${serviceWord(key)}`);
    else if (this.#services.has(id)) this.add(at, 'refused', '', `${serviceWord(key)} is there already: the first one has the packets`);
    else this.#services.set(id, this.#taken(at, service));
  }

  #taken(at: At, { spec, destinations, sorry, ...rest }: ImportedService): ImportedService {
    const isTaken = (server: DestinationSpec, consequence: string): boolean => {
      const why = serverRefusal(spec.key, server);
      if (why !== undefined) this.add({ ...at, text: endpointText(server) }, 'refused', '', `${consequence}: ${why}`);
      return why === undefined;
    };
    const taken = destinations.filter((one) => isTaken(one.spec, 'the server gets no connections'));
    const isSorry = sorry !== undefined && isTaken(sorry, 'while no server is left clients are refused');
    return {
      spec: this.#withTime(at, spec),
      destinations: this.#eachOnce(at, spec.key, taken),
      ...(isSorry ? { sorry } : {}),
      ...rest,
    };
  }

  #withTime(at: At, spec: ServiceSpec): ServiceSpec {
    const { persistence } = spec;
    if (persistence === undefined || persistence.timeout <= PERSISTENCE_MAX_S) return spec;
    this.add(at, 'approximated', `persistence of ${PERSISTENCE_MAX_S} s`, `${persistence.timeout} s are more than it takes`);
    return { ...spec, persistence: { ...persistence, timeout: PERSISTENCE_MAX_S } };
  }

  /** Of the table; what is 0 stays as it was. */
  timeouts({ tcp, tcpFin, udp }: Timeouts): void {
    const before = this.#timeouts ?? { tcp: 0, tcpFin: 0, udp: 0 };
    this.#timeouts = { tcp: tcp || before.tcp, tcpFin: tcpFin || before.tcpFin, udp: udp || before.udp };
  }

  /** A table has each server of a service once. */
  #eachOnce(at: At, key: ServiceKey, destinations: readonly ImportedDestination[]): readonly ImportedDestination[] {
    return eachServerOnce(destinations, (first, one) => {
      this.add(
        { ...at, text: endpointText(one.spec) },
        'approximated',
        '',
        `${serviceWord(key)} has this server already: the first one stays, with its weight and its check`,
      );
      return first;
    });
  }

  done(): Imported {
    const services = [...this.#services.values()];
    const timeouts = this.#timeouts === undefined ? {} : { timeouts: this.#timeouts };
    const lines = this.#lines.toSorted((a, b) => a.line - b.line);
    return { services, ...timeouts, lines, hosts: hostChanges(services), isForeign: !this.#isKnown };
  }
}

const unique = (texts: readonly string[]): readonly string[] => [...new Set(texts)];

/** What LVS needs of hosts, which no file of another program has. */
function hostChanges(services: readonly ImportedService[]): readonly string[] {
  const virtual = services.flatMap(({ spec }) => (spec.key.kind === 'address' ? [formatAddress(spec.key.address)] : []));
  const of = (method: string) =>
    services.flatMap(({ spec, destinations, sorry }) =>
      [...destinations.map((each) => each.spec), ...(sorry === undefined ? [] : [sorry])]
        .filter((each) => each.method === method && !isLoopbackAddress(each.address))
        .map((each) => ({
          server: formatAddress(each.address),
          locals: (each.localAddresses ?? []).map(formatAddress),
          vip: spec.key.kind === 'address' ? formatAddress(spec.key.address) : undefined,
        })),
    );
  const quiet = (method: 'route' | 'tunnel', mode: string) =>
    of(method).map(({ server, vip }) => `server ${server}: weir realserver start --mode ${mode} --vip ${vip ?? 'VIP'}`);
  return unique([
    ...virtual.map((vip) => `director: the address ${vip} is on one of its interfaces (weir vip add, or VRRP)`),
    ...of('masq').map(({ server }) => `server ${server}: answers to clients must come back through the director (its gateway)`),
    ...of('fullnat').flatMap(({ locals }) => locals.map((local) => `director: the local address ${local} is on one of its interfaces`)),
    ...of('fullnat').map(
      ({ server, locals }) => `server ${server}: it has a route to ${locals.join(', ')}, and sees clients by these addresses`,
    ),
    ...quiet('route', 'dr'),
    ...quiet('tunnel', 'tun'),
  ]);
}

const STATUSES: readonly ImportStatus[] = ['exact', 'equivalent', 'approximated', 'lost', 'refused'];

/** Line 0: of no line. `FILE:LINE: STATUS: statement → what it became: consequence (hint)` */
export function importLineText({ file, line, text, status, became, consequence, hint }: ImportLine): string {
  const parts = [became === '' ? text : `${text} → ${became}`, ...(consequence === '' ? [] : [consequence])];
  const where = line === 0 ? file : `${file}:${line}`;
  return `${where}: ${status}: ${parts.join(': ')}${hint === undefined ? '' : ` (${hint})`}`;
}

/** Whether something goes another way than it did. */
export const isLossy = ({ status }: ImportLine): boolean => status === 'approximated' || status === 'lost' || status === 'refused';

/** `4 exact, 2 lost`, without what there is none of. */
export function importTotals(lines: readonly ImportLine[]): string {
  const count = (status: ImportStatus): number => lines.filter((line) => line.status === status).length;
  const named = STATUSES.filter((status) => count(status) > 0);
  return named.map((status) => `${count(status)} ${status}`).join(', ') || 'nothing';
}
