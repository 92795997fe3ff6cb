// A writer none of whose states looks like a mixture of two others: what a listing of it must look like.
import type { Director } from '../../src/datapath/director.js';
import type { ServiceEntry } from '../../src/model/service.js';
import { destination, serviceKey } from './fixtures/fixture.js';

const VIP = '10.0.1.100';
/** Its destinations are added in turn and removed in turn: KEPT of them are there, or one more. */
const MOVING = serviceKey('tcp', VIP, 7001);
/** Its destinations get the next weight one after the other. */
const WEIGHTS = serviceKey('tcp', VIP, 7002);
/** All of it is replaced as one: all weights are the same. */
const BATCH = serviceKey('tcp', VIP, 7003);
const KEPT = 8;
const NUMBERS = 64;
const WEIGHT_MAX = 1000;
const METHODS = ['masq', 'route'] as const;

const server = (network: number, n: number, weight: number) =>
  destination(`10.${network}.0.${(n % NUMBERS) + 1}:80`, METHODS[weight % 2] ?? 'masq', weight);

/** Goes on for ever; `ready` once the first state is there. */
export function rotate(director: Director, ready: () => void): void {
  const spec = (key: typeof MOVING) => ({ key, scheduler: 'wrr', schedFlags: 0, onePacket: false });
  for (const key of [MOVING, WEIGHTS, BATCH]) director.addService(spec(key));
  for (let n = 0; n < KEPT; n++) {
    director.addDestination(MOVING, server(1, n, 1));
    director.addDestination(WEIGHTS, server(2, n, 0));
    director.addDestination(BATCH, server(3, n, 0));
  }
  ready();
  for (let round = 0; ; round++) {
    director.addDestination(MOVING, server(1, round + KEPT, 1));
    director.deleteDestination(MOVING, server(1, round, 1));
    director.editDestination(WEIGHTS, server(2, KEPT - 1 - (round % KEPT), (Math.floor(round / KEPT) + 1) % WEIGHT_MAX));
    director.atomically(() => {
      director.deleteService(BATCH);
      director.addService(spec(BATCH));
      for (let n = 0; n < KEPT; n++) director.addDestination(BATCH, server(3, n, (round + 1) % WEIGHT_MAX));
    });
  }
}

/** What is wrong with the newest-first list of MOVING; undefined: it is one of its states. */
function wrongMoving(numbers: readonly number[]): boolean {
  const follows = (number: number, k: number): boolean => k === 0 || (number + 1) % NUMBERS === numbers[k - 1];
  return (numbers.length !== KEPT && numbers.length !== KEPT + 1) || !numbers.every(follows);
}

/** The newest first, which is the first to get the next weight. */
function wrongWeights(weights: readonly number[]): boolean {
  const [first = 0] = weights;
  const changed = weights.findIndex((weight) => weight !== first);
  const before = (first + WEIGHT_MAX - 1) % WEIGHT_MAX;
  return weights.length !== KEPT || (changed >= 0 && !weights.slice(changed).every((weight) => weight === before));
}

/** Which services of a listing are in no state that they ever had. */
export function neverWas(entries: readonly ServiceEntry[]): readonly string[] {
  const wrong: string[] = [];
  for (const { spec, destinations } of entries) {
    const port = spec.key.kind === 'address' ? spec.key.port : 0;
    const weights = destinations.map((entry) => entry.spec.weight);
    const numbers = destinations.map((entry) => ((entry.spec.address.words[0] ?? 0) & 0xff) - 1);
    const bad =
      (port === 7001 && wrongMoving(numbers)) ||
      (port === 7002 && wrongWeights(weights)) ||
      (port === 7003 && (weights.length !== KEPT || new Set(weights).size !== 1)) ||
      ((port === 7002 || port === 7003) && destinations.some((entry) => entry.spec.method !== METHODS[entry.spec.weight % 2]));
    if (bad) wrong.push(`${port}: ${numbers.map((number, k) => `${number}/${weights[k]}`).join(' ')}`);
  }
  return wrong;
}
