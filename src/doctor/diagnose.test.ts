// The work of the rules for a director grows with the table, not with its square: counted by what they read of the facts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { destination, director, service } from '../../test/support/doctor-facts.js';
import type { ForwardingMethod } from '../model/service.js';
import { diagnose } from './diagnose.js';
import type { DirectorFacts } from './facts.js';

interface Shape {
  readonly method: ForwardingMethod;
  readonly path: 'direct' | 'routed';
  readonly error?: string;
  /** Destinations of each service; absent: there is one service. */
  readonly each?: number;
  /** The services' addresses are not on this host. */
  readonly absent?: true;
  /** Every destination is of one host, with a port of its own. */
  readonly ports?: true;
  readonly silent?: true;
}

const SHAPES: readonly Shape[] = [
  { method: 'masq', path: 'direct' },
  { method: 'masq', path: 'direct', each: 2 },
  { method: 'masq', path: 'direct', each: 2, absent: true },
  { method: 'masq', path: 'direct', error: 'ECONNREFUSED' },
  { method: 'masq', path: 'direct', error: 'ECONNREFUSED', ports: true },
  { method: 'masq', path: 'routed', error: 'ETIMEDOUT', each: 2 },
  { method: 'masq', path: 'direct', silent: true },
  { method: 'route', path: 'direct', error: 'ECONNREFUSED' },
  { method: 'route', path: 'direct', error: 'ETIMEDOUT', each: 2 },
  { method: 'route', path: 'routed', error: 'ECONNREFUSED', each: 2 },
];

const hostOf = (net: number, k: number): string => `10.${net}.${k >> 8}.${k & 255}`;

/** What is read of the members of lists. */
class Reads {
  count = 0;

  of<T extends object>(list: readonly T[]): readonly T[] {
    const get = (target: T, key: string | symbol): unknown => {
      this.count += 1;
      return Reflect.get(target, key);
    };
    return list.map((one) => new Proxy(one, { get }));
  }
}

function factsOf(reads: Reads, count: number, { method, path, error, each = count, absent, ports, silent }: Shape): DirectorFacts {
  const destinations = Array.from({ length: count }, (_, k) => destination(hostOf(60, ports ? 1 : k), ports ? k + 1 : 80, method));
  const services = Array.from({ length: count / each }, (_, k) =>
    service(hostOf(61, k), 80, reads.of(destinations.slice(k * each, (k + 1) * each))),
  );
  const servers = (ports ? destinations.slice(0, 1) : destinations).map(({ address }) => ({ ifindex: 2, address }));
  const vips = services.map(({ spec: { key } }) => (key.kind === 'address' ? key.address : destinations[0]?.address));
  return {
    ...director,
    services: reads.of(services),
    addresses: reads.of([
      ...director.addresses,
      ...vips.flatMap((address) => (address && !absent ? { ifindex: 2, address, prefixLength: 32, label: 'wan' } : [])),
    ]),
    paths: reads.of(
      servers.map(({ address: to, ifindex }) => ({ to, kind: path, ifindex, ...(path === 'routed' ? { gateway: to } : {}) })),
    ),
    connects: reads.of(destinations.map(({ address, port }) => ({ address, port, ...(error === undefined ? {} : { error }) }))),
    holders: reads.of(servers.map((one, k) => ({ ...one, mac: `02:00:00:00:${(k >> 8).toString(16)}:${(k & 255).toString(16)}` }))),
    neighbours: reads.of(servers.map((one) => ({ ...one, mac: '02:00:00:00:00:51', permanent: false }))),
    silent: silent ? reads.of(servers) : [],
    handovers: [],
  };
}

for (const shape of SHAPES) {
  test(`twice as many destinations are at most two and a half times the work: ${JSON.stringify(shape)}`, () => {
    const [few, many] = [200, 400].map((count) => {
      const reads = new Reads();
      const facts = factsOf(reads, count, shape);
      reads.count = 0;
      diagnose(facts);
      return reads.count;
    }) as [number, number];
    assert.ok(few >= 200 && many <= 2.5 * few, `${few} and ${many} reads`);
  });
}
