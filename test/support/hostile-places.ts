// One test at servers by IPv4, by IPv6 and at a link-local address, in a namespace of its own.
import { type TestOptions, test } from 'node:test';
import { enterNamespace } from '../../src/daemon/process/enter-namespace.js';
import { judged, LOOPBACK, outcomeOf, type Place } from './hostile.js';
import { ip } from './ip.js';
import { Bed, noNamespaces } from './netns-bed.js';

const six = (name: string, address: string, other: string, scope?: string): Place => {
  const zone = scope === undefined ? '' : `%${scope}`;
  const target = { address: ip(address), ...(scope === undefined ? {} : { bindInterface: scope }) };
  return { name, host: `${address}${zone}`, other: `${other}${zone}`, target };
};

const PLACES: readonly Place[] = [LOOPBACK, six('IPv6', 'fd00::1', 'fd00::2'), six('link-local', 'fe80::1', 'fe80::2', 'lo')];

/** From here on all sockets of this process are in the namespace. */
function enterOwnNetwork(): readonly Place[] {
  if (noNamespaces() !== false) return [LOOPBACK];
  const bed = new Bed();
  const host = bed.host('hostile');
  for (const address of ['fd00::1/64', 'fd00::2/64', 'fe80::1/64', 'fe80::2/64']) host.ip(`addr add ${address} dev lo nodad`);
  enterNamespace(host.namespace);
  // It lives as long as this process is in it.
  bed.close();
  return PLACES;
}

const places = enterOwnNetwork();

/** What a test does at one place: the calls of hostile.ts, there. */
export interface There {
  readonly at: Place;
  readonly judged: (...args: Parameters<typeof judged>) => ReturnType<typeof judged>;
  readonly outcomeOf: (...args: Parameters<typeof outcomeOf>) => ReturnType<typeof outcomeOf>;
}

/** At every place at the same time: these tests mostly wait. */
export function everywhere(name: string, options: TestOptions, work: (there: There) => Promise<void>): void {
  test(name, { ...options, concurrency: true }, async (all) => {
    const run = (at: Place): Promise<void> =>
      all.test(at.name, () =>
        work({
          at,
          judged: (check, behave, more) => judged(check, behave, more, at),
          outcomeOf: (behave, check, more) => outcomeOf(behave, check, more, at),
        }),
      );
    await Promise.all(places.map(run));
  });
}
