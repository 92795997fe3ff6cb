// Names and addresses, ports and service names for commands: the files of /etc first, DNS after, within a limited time.
import { readFileSync } from 'node:fs';
import type { Address } from '../../model/address.js';
import { formatAddress, parseIpv4 } from '../../model/address-text.js';
import { addressId } from '../../model/identity.js';
import type { Protocol } from '../../model/service.js';
import { type HostTable, type PortTable, parseHosts, parseSearchList, parseServices } from './etc-files.js';

/** How long one command may wait for DNS in all, and for each query, ms. */
const TIMEOUT_MS = 2000;
const QUESTION_TIMEOUT_MS = 1000;
/** Queries in flight: more would only queue at the name server. */
const QUESTIONS_MAX = 64;
/** DNS may hold anything as a name. As the C library, weir refuses all others: a blank in one begins an option for who reads the line. */
const HOST_NAME = /^[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_.])?$/i;

function etcFile(name: string): string {
  try {
    return readFileSync(`/etc/${name}`, 'utf8');
  } catch {
    // Without the file there are no names from it, as for the C library.
    return '';
  }
}

type Resolver = import('node:dns').promises.Resolver;

/** Asks for `ms` at most: an address without an answer by then has no name. `servers`: other than /etc/resolv.conf's. */
async function bounded(servers: readonly string[] | undefined, ms: number, work: (resolver: Resolver) => Promise<void>): Promise<void> {
  const { promises } = await import('node:dns');
  const resolver = new promises.Resolver({ timeout: QUESTION_TIMEOUT_MS, tries: 1 });
  if (servers !== undefined) resolver.setServers(servers);
  const timer = setTimeout(() => resolver.cancel(), ms);
  try {
    await work(resolver);
  } finally {
    clearTimeout(timer);
  }
}

/** Thrown by `host` for a name that must be asked for (`resolveHost`) before it can be answered. */
export class NeedsHost extends Error {
  constructor(readonly host: string) {
    super(`the address of ${host} is not known yet`);
    this.name = 'NeedsHost';
  }
}

/** What commands ask for names; everything is read or queried once, when it is first needed. */
export class SystemNames {
  #hosts: HostTable | undefined;
  #services: PortTable | undefined;
  readonly #asked = new Map<string, Address | undefined>();
  readonly #reverse = new Map<string, string | undefined>();
  readonly #servers: readonly string[] | undefined;
  /** How long names of addresses may still be waited for. */
  #leftMs = TIMEOUT_MS;

  /** `servers`: name servers as `address:port`, instead of those of /etc/resolv.conf. */
  constructor(servers?: readonly string[]) {
    this.#servers = servers;
  }

  get #hostTable(): HostTable {
    this.#hosts ??= parseHosts(etcFile('hosts'));
    return this.#hosts;
  }

  get #portTable(): PortTable {
    this.#services ??= parseServices(etcFile('services'));
    return this.#services;
  }

  /** A host name's IPv4 address. @throws NeedsHost when DNS was not asked yet */
  host(name: string): Address | undefined {
    const known = this.#hostTable.addresses.get(name.toLowerCase());
    if (known !== undefined) return known;
    if (!HOST_NAME.test(name)) return undefined;
    if (!this.#asked.has(name)) throw new NeedsHost(name);
    return this.#asked.get(name);
  }

  /** Asks DNS for a name's address, in the search list's domains too; `host` has the answer afterwards. */
  async resolveHost(name: string): Promise<void> {
    this.#asked.set(name, undefined);
    const search = name.endsWith('.') ? [] : parseSearchList(etcFile('resolv.conf')).map((domain) => `${name}.${domain}`);
    const candidates = name.includes('.') ? [name, ...search] : [...search, name];
    await bounded(this.#servers, TIMEOUT_MS, async (resolver) => {
      for (const candidate of candidates) {
        // An error of DNS is no name, as for the C library; the next candidate may have one.
        const [first] = await resolver.resolve4(candidate).catch(() => []);
        const address = first === undefined ? undefined : parseIpv4(first);
        if (address === undefined) continue;
        this.#asked.set(name, address);
        return;
      }
    });
  }

  /** A service name's port. */
  port(name: string, protocol: Protocol): number | undefined {
    return this.#portTable.ports.get(`${name}/${protocol}`);
  }

  portName(port: number, protocol: Protocol): string | undefined {
    return this.#portTable.names.get(`${port}/${protocol}`);
  }

  /** An address's name, if `resolveAddresses` or /etc/hosts found one. */
  addressName(address: Address): string | undefined {
    const id = addressId(address);
    return this.#hostTable.names.get(id) ?? this.#reverse.get(id);
  }

  /** Finds the names of addresses, in parallel. All calls together wait for `TIMEOUT_MS` at most; then no more names are asked for. */
  async resolveAddresses(addresses: Iterable<Address>): Promise<void> {
    if (this.#leftMs <= 0) return;
    const unknown = new Map<string, string>();
    for (const address of addresses) {
      const id = addressId(address);
      if (!this.#hostTable.names.has(id) && !this.#reverse.has(id)) unknown.set(id, formatAddress(address));
    }
    if (unknown.size === 0) return;
    const queue = [...unknown];
    const started = Date.now();
    const leftMs = this.#leftMs;
    await bounded(this.#servers, leftMs, async (resolver) => {
      const worker = async (): Promise<void> => {
        for (let next = queue.pop(); next !== undefined && Date.now() - started < leftMs; next = queue.pop()) {
          const [id, text] = next;
          const found = await resolver.reverse(text).catch(() => []);
          this.#reverse.set(
            id,
            found.find((name) => HOST_NAME.test(name)),
          );
        }
      };
      await Promise.all(Array.from({ length: Math.min(QUESTIONS_MAX, queue.length) }, worker));
    });
    this.#leftMs -= Date.now() - started;
  }
}
