// The templates of the loaded programs, of one family, beside those of the reference director: the same ones in the same slots, which expire at the same time.
import assert from 'node:assert/strict';
import { Abi, AddressFamily } from '../../../src/datapath/ebpf/abi.gen.js';
import { Template6 } from '../../../src/datapath/ebpf/abi6.gen.js';
import { Calls } from '../../../src/datapath/ebpf/table/calls.js';
import type { Tables } from '../../../src/datapath/ebpf/table/tables.js';
import { Template, TemplateAbi } from '../../../src/datapath/ebpf/template.gen.js';
import { TemplateFlagAbi } from '../../../src/datapath/ebpf/template-flag.gen.js';
import type { Connection } from '../../../src/datapath/memory/packets/connection.js';
import { readIpv6, textOf } from '../../../src/datapath/memory/packets/ip.js';
import type { TemplateTable } from '../../../src/datapath/memory/packets/template-table.js';
import { Records } from '../../../src/sys/bpf/records.js';
import { swap32 } from '../../../src/wire/bytes.js';

interface Seen {
  readonly slot: number;
  readonly network: string;
  readonly service: number;
  readonly destination: number;
  readonly assured: boolean;
  readonly held: boolean;
  readonly answered: boolean;
  readonly lost: boolean;
  /** Of a call's: its Call-ID. */
  readonly call: string | undefined;
}

interface Loaded {
  readonly seen: Seen;
  readonly asked: boolean;
  /** By the programs' clock, modulo 2^32. */
  readonly expires: number;
}

/** Of two readings of the programs' clock. */
const isAhead = (one: number, other: number): boolean => ((one - other) | 0) > 0;
const isSet = (value: bigint, flag: number | bigint): boolean => (value & BigInt(flag)) !== 0n;

export class TemplateView {
  readonly #slots: Records;
  readonly #calls: Calls;

  /** `memory`: of the programs' table. */
  constructor(
    readonly memory: ArrayBuffer,
    readonly six: boolean,
    readonly table: TemplateTable,
    readonly tables: Tables,
  ) {
    this.#slots = new Records(memory, six ? Template6.bytes : Template.bytes);
    this.#calls = new Calls(tables);
  }

  /** Gives each of the programs' the time that it has left in memory. `offset`: from memory's clock to theirs. `except`: slots that keep theirs. */
  setClock(offset: number, except: ReadonlySet<number>): void {
    const words = new Uint32Array(this.memory);
    for (const [slot, { expires }] of this.table.entries())
      if (!except.has(slot)) words[(slot * this.#slots.bytes + Template.value.at) / 4] = offset + expires;
  }

  /** The slots of those that expired, which the programs' timer removes or holds. */
  expired(now: number): ReadonlySet<number> {
    const expired = [...this.#loaded()].filter(({ asked, expires }) => asked || !isAhead(expires, now));
    return new Set(expired.map(({ seen }) => seen.slot));
  }

  /**
   * The programs' timer comes to a call at any time: what it has assured by its rule is assured in memory. `look`: at the programs' table; default: now.
   */
  follow(connections: readonly Connection[], look = (): readonly Loaded[] => [...this.#loaded()]): void {
    const assurable = this.table.assurable(connections);
    if (assurable.size === 0) return;
    const assured = new Set(
      look()
        .filter(({ seen }) => seen.assured)
        .map(({ seen }) => seen.slot),
    );
    for (const [slot, template] of this.table.entries()) if (assurable.has(template) && assured.has(slot)) template.assured = true;
  }

  /** The programs' timer has dealt with all that expired and with all calls, as memory has it. */
  isSettled(now: number): boolean {
    const loaded = [...this.#loaded()];
    const kept = new Map(this.table.entries());
    const isSame = ({ seen, asked, expires }: Loaded): boolean =>
      !asked && isAhead(expires, now) && (seen.call === undefined || seen.assured === kept.get(seen.slot)?.assured);
    return loaded.length === kept.size && loaded.every(isSame);
  }

  /** `connections`: all that live in memory. */
  compare(connections: readonly Connection[], what: string, offset: number, slack: number): void {
    const loaded = [...this.#loaded()];
    this.follow(connections, () => loaded);
    const entries = [...this.table.entries()];
    assert.deepEqual(
      entries.map(([slot, { network, service, destination, assured, held, answered, lost, call }]) => {
        return { slot, network: textOf(network), service: service.id, destination: destination.id, assured, held, answered, lost, call };
      }),
      loaded.map(({ seen }) => seen),
      `templates in memory, of the programs, ${what}`,
    );
    entries.forEach(([slot, { expires }], index) => {
      const late = ((loaded[index]?.expires ?? 0) - offset - expires) | 0;
      assert.ok(Math.abs(late) <= slack, `the template in slot ${slot} expires ${late} units later of the programs, ${what}`);
    });
  }

  /** Of IPv6 the key has a hash; the address is beside the slot. */
  #network(slot: number, key: bigint): string {
    if (!this.six) return textOf(swap32(Number(key & 0xffffffffn)));
    return textOf(readIpv6(new Uint8Array(this.memory), slot * Template6.bytes + Template6.client.at));
  }

  #callAt(slot: number, key: bigint): string | undefined {
    const isOfCall = ((key >> BigInt(Abi.K_PORT_SHIFT)) & 0xffffn) !== 0n;
    return isOfCall ? this.#calls.idAt(slot, this.six ? AddressFamily.F_INET6 : AddressFamily.F_INET) : undefined;
  }

  *#loaded(): Generator<Loaded> {
    const slots = this.#slots;
    for (let slot = 0; slot < slots.count; slot++) {
      const [key, value] = [slots.big(slot, Template.key), slots.big(slot, Template.value)];
      const destination = Number(value >> BigInt(TemplateAbi.T_DEST_SHIFT)) & TemplateAbi.T_DEST_MASK;
      if (destination === 0) continue;
      const network = this.#network(slot, key);
      const service = Number(key >> BigInt(Abi.K_SERVICE_SHIFT));
      const seen = {
        slot,
        network,
        service,
        destination,
        assured: isSet(value, TemplateAbi.T_ASSURED),
        held: isSet(value, TemplateAbi.T_HELD),
        answered: isSet(value, TemplateFlagAbi.T_ANSWERED),
        lost: isSet(value, TemplateFlagAbi.T_LOST),
        call: this.#callAt(slot, key),
      };
      yield { seen, asked: isSet(value, TemplateAbi.T_ASKED), expires: Number(value & 0xffffffffn) };
    }
  }
}
