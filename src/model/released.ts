// Which instances of VRRP of a host leave their addresses to their peers: all of them for a drain of the director, others by their names.
import { isRecord, parseJson } from './json.js';

export interface Released {
  /** The drain that asks for it, of all instances; null: none does. */
  readonly drain: string | null;
  /** Names of instances that were released one by one. */
  readonly instances: readonly string[];
}

export const NOTHING_RELEASED: Released = { drain: null, instances: [] };

/** Of the text of its file. What is none releases nothing: a director must not give up its addresses for a broken file. */
export function readReleased(text: string | undefined): Released {
  const value = text === undefined ? undefined : parseJson(text);
  if (!isRecord(value) || !Array.isArray(value['instances'])) return NOTHING_RELEASED;
  const { drain, instances } = value;
  return { drain: typeof drain === 'string' ? drain : null, instances: instances.filter((name) => typeof name === 'string') };
}

export const isNothingReleased = ({ drain, instances }: Released): boolean => drain === null && instances.length === 0;
