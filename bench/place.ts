// A namespace of the bench with a director in it, loaded for what is measured there.
import type { Director } from '../src/datapath/director.js';
import type { Side } from './comparison.js';
import { openDatapath } from './datapath.js';
import { inside } from './inside.js';
import type { Bed } from './program-samples.js';
import { dropStations, makeStations } from './stations.js';

/** What each side of a comparison needs but its case. */
export interface Place extends Omit<Side, 'test'> {
  readonly close: () => void;
}

/** The bed but for where it is. */
export type Tools = Pick<Bed, 'wrapper' | 'objects' | 'options'>;

export interface PlaceSettings {
  /** Of the namespaces: what no other place has. */
  readonly name: string;
  /** Real servers that the director knows how to reach. */
  readonly servers: number;
  readonly fill: (director: Director) => void;
  /** The table is made for 2^tableBits connections; undefined: the default. */
  readonly tableBits?: number;
}

export function openPlace(tools: Tools, { name, servers, fill, tableBits }: PlaceSettings): Place {
  const stations = makeStations(name, servers);
  const { director, interfaces } = stations;
  try {
    const datapath = inside(director, () => openDatapath(fill, tableBits));
    const close = (): void => {
      inside(director, () => datapath.close());
      dropStations(stations);
    };
    return { bed: { ...tools, director, interfaces }, datapath, close };
  } catch (error) {
    dropStations(stations);
    throw error;
  }
}
