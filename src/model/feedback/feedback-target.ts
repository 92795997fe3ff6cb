// What feedback moves the weights of: a virtual service of layer 4, or a pool of layer 7, each as one word.
import type { ServiceKey } from '../service.js';
import { parseServiceWord, serviceWord } from '../service-word.js';

export interface PoolTarget {
  readonly kind: 'pool';
  readonly pool: string;
}

export type FeedbackTarget = ServiceKey | PoolTarget;

/** `tcp:192.0.2.1:80`, `mark:5`, `pool:web` */
export const targetWord = (target: FeedbackTarget): string => (target.kind === 'pool' ? `pool:${target.pool}` : serviceWord(target));

/** Undefined: it is none. */
export function parseTargetWord(text: string): FeedbackTarget | undefined {
  const [, pool] = /^pool:([A-Za-z0-9_.-]{1,64})$/.exec(text) ?? [];
  return pool === undefined ? parseServiceWord(text) : { kind: 'pool', pool };
}
