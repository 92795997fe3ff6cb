// Finds destinations by service, address and port without walking lists: built from the records, discarded when
// another process changed the table.
import type { DestinationKey } from '../../../model/service.js';
import { swap16 } from '../../../wire/bytes.js';
import { Conf, Dest, WeirState } from '../abi.gen.js';
import { packetWords, recordedWords } from './record-address.js';
import type { Tables } from './tables.js';

/** Address and port in the order of a packet. */
const nameOf = (service: number, words: readonly number[], port: number): string => `${service} ${words.join('.')} ${port}`;

export class DestinationIndex {
  readonly #live = new Map<string, number>();
  readonly #retired = new Map<string, number>();
  #generation = -1;

  constructor(readonly tables: Tables) {}

  /** The destination in the service's list. */
  live(service: number, { address, port }: DestinationKey): number | undefined {
    return this.#current().#live.get(nameOf(service, packetWords(address), swap16(port)));
  }

  /** A removed destination whose record is still there. */
  retired(service: number, { address, port }: DestinationKey): number | undefined {
    return this.#current().#retired.get(nameOf(service, packetWords(address), swap16(port)));
  }

  /** Updates the index after this process wrote to a record. */
  note(id: number): void {
    const { dests } = this.tables;
    const key = nameOf(dests.get(id, Dest.service), recordedWords(dests, Dest, id), dests.get(id, Dest.port));
    const state = dests.get(id, Dest.state);
    if (state === WeirState.LIVE) this.#live.set(key, id);
    else if (this.#live.get(key) === id) this.#live.delete(key);
    if (state === WeirState.DEAD) this.#retired.set(key, id);
    else if (this.#retired.get(key) === id) this.#retired.delete(key);
  }

  /** This process's own change has raised the generation. An index of an older generation lacks changes of other processes. */
  keepUp(): void {
    const generation = this.tables.conf.get(0, Conf.generation);
    if (this.#generation === (generation - 1) >>> 0) this.#generation = generation;
  }

  #current(): this {
    const generation = this.tables.conf.get(0, Conf.generation);
    if (generation !== this.#generation) {
      this.#live.clear();
      this.#retired.clear();
      for (let id = 1; id <= this.tables.conf.get(0, Conf.destTop); id++) this.note(id);
      this.#generation = generation;
    }
    return this;
  }
}
