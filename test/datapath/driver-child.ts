// A writing or reading command for driver.test.ts, as a process of its own: takes its commands as JSON, and may be killed.

import { unloadDatapath } from '../../src/datapath/ebpf/load/unload.js';
import { openDirector } from '../../src/datapath/ebpf/open.js';
import { isRefusal } from '../../src/model/errors/weir-error.js';
import { Records } from '../../src/sys/bpf/records.js';
import { replace } from '../support/replaced.js';
import { destination, serviceKey } from './fixtures/fixture.js';
import { rotate } from './rotation.js';

export type Orders =
  /** Loads the datapath and ends. */
  | { readonly kind: 'load' }
  /** Prints a line, then unloads the datapath. */
  | { readonly kind: 'unload' }
  /** Changes of all sorts, for ever. */
  | { readonly kind: 'churn'; readonly seed: number }
  /** `count` destinations, one change each: 10.0.NETWORK.1 and on. */
  | { readonly kind: 'add'; readonly network: number; readonly count: number }
  /** Stops itself (SIGSTOP) as the only writer, after this many stores of a change, or of a batch. */
  | { readonly kind: 'halt'; readonly stores: number; readonly batch: boolean }
  /** The states of rotation.ts, for ever. */
  | { readonly kind: 'rotate' }
  /** Listings until the service has that many destinations; on standard output how many each saw. */
  | { readonly kind: 'list'; readonly until: number };

export const VIP = '10.0.1.100';
export const SHARED = serviceKey('tcp', VIP, 8080);
const SCHEDULERS = ['rr', 'wrr', 'lc', 'wlc', 'sh', 'dh', 'mh', 'sed'] as const;

/** Numerical Recipes' linear congruential generator: the same story for the same seed. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** None, half of the time. */
const persistenceOf = (random: (below: number) => number) =>
  random(2) === 0 ? {} : { persistence: { timeout: 1 + random(600), netmask: 0xffffffff } };

function churn(seed: number): void {
  const random = randomFrom(seed);
  const director = openDirector();
  process.stdout.write('ready\n');
  const attempt = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      // what is not there cannot be edited, what is there cannot be added: both happen all the time here
      if (!isRefusal(error)) throw error;
    }
  };
  for (;;) {
    const key = serviceKey('tcp', VIP, 9000 + random(6));
    const spec = {
      key,
      scheduler: SCHEDULERS[random(SCHEDULERS.length)] ?? 'rr',
      schedFlags: 0,
      onePacket: false,
      ...persistenceOf(random),
    };
    const server = destination(`10.0.2.${11 + random(5)}:${80 + random(2)}`, random(4) === 0 ? 'route' : 'masq', random(5));
    const what = random(20);
    if (what === 0) attempt(() => director.deleteService(key));
    else if (what < 3) attempt(() => director.addService(spec));
    else if (what === 3) attempt(() => director.editService(spec));
    else if (what < 8) attempt(() => director.deleteDestination(key, server));
    else if (what < 11) attempt(() => director.editDestination(key, server));
    else attempt(() => director.addDestination(key, server));
  }
}

function list(until: number): void {
  const director = openDirector();
  const seen: number[] = [];
  while ((seen.at(-1) ?? 0) < until) seen.push(director.service(SHARED).destinations.length);
  process.stdout.write(JSON.stringify(seen));
}

/** Stops this process at a store, until SIGCONT. */
function haltAt(stores: number): void {
  let left = stores;
  for (const name of ['set', 'setBig', 'swap', 'swapBig', 'clear'] as const) {
    replace(Records.prototype, name, (_records, _args, was) => {
      if (left-- === 0) process.kill(process.pid, 'SIGSTOP');
      return was();
    });
  }
}

function halt(stores: number, batch: boolean): void {
  const director = openDirector();
  const server = destination('10.0.9.9:80', 'masq', 9);
  director.exclusively(() => {
    process.stdout.write('ready\n');
    haltAt(stores);
    if (!batch) return director.addDestination(SHARED, server);
    director.atomically(() => {
      director.flush();
      director.addService({ key: SHARED, scheduler: 'rr', schedFlags: 0, onePacket: false });
      director.addDestination(SHARED, server);
    });
  });
}

function run(orders: Orders): void {
  if (orders.kind === 'load') openDirector().close();
  else if (orders.kind === 'unload') {
    process.stdout.write('ready\n');
    unloadDatapath();
  } else if (orders.kind === 'churn') churn(orders.seed);
  else if (orders.kind === 'halt') halt(orders.stores, orders.batch);
  else if (orders.kind === 'rotate') rotate(openDirector(), () => process.stdout.write('ready\n'));
  else if (orders.kind === 'list') list(orders.until);
  else {
    const director = openDirector();
    for (let k = 1; k <= orders.count; k++) director.addDestination(SHARED, destination(`10.0.${orders.network}.${k}:80`, 'masq'));
  }
}

const [, script = '', orders] = process.argv;
if (script.endsWith('driver-child.js') && orders !== undefined) run(JSON.parse(orders) as Orders);
