// The Call-IDs of templates of calls (--pe sip), by their slots. The map is opened when the first one is asked for.
import type { BpfMap } from '../../../sys/bpf/bpf-objects.js';
import { unlessCode } from '../../../sys/errno.js';
import { Call, CallPlace } from '../call.gen.js';
import type { Tables } from './tables.js';

export const CALLS_PIN = 'calls';

export class Calls {
  /** null: the programs are of a build that has none. */
  #map: BpfMap | null | undefined;
  readonly #place = new Uint32Array(CallPlace.bytes / 4);
  readonly #record = new Uint8Array(Call.bytes);

  constructor(readonly tables: Tables) {}

  /** `family`: of the templates' table. undefined: it is gone. */
  idAt(slot: number, family: number): string | undefined {
    this.#map ??= unlessCode(() => this.tables.open(CALLS_PIN), ['ENOENT'], null);
    this.#place.set([slot, family]);
    if (this.#map?.lookup(new Uint8Array(this.#place.buffer), this.#record) !== true) return undefined;
    const length = new DataView(this.#record.buffer).getUint32(Call.length.at, true);
    return new TextDecoder('latin1').decode(this.#record.subarray(Call.id.at, Call.id.at + length));
  }

  close(): void {
    this.#map?.close();
  }
}
