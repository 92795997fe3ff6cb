// What clients did to the connections of all nodes: by it the nodes' tables are judged.
import type { Living } from './memory-table.js';

/** Last packets closer than this may be in either order. */
export const CLOSE_US = 200_000;

/** Where relays of one state meet those of the next, the order of both comes right so soon; and a stall is over. */
const [SETTLE_US, STALL_US] = [1_000_000, 15_000_000];

export interface Touch {
  readonly atUs: number;
  readonly node: number;
  /** The last one that counts here has ended the connection. */
  readonly ended: boolean;
  readonly server: number;
  readonly state: number;
}

export class Truth {
  readonly #touches = new Map<number, Map<number, Touch>>();
  /** Connections whose last packet was at a node that has lost its table since, or that a standby has ended. */
  readonly uncertain = new Set<number>();

  touched(key: number, touch: Touch): void {
    const of = this.#touches.get(key) ?? new Map<number, Touch>();
    this.#touches.set(key, of.set(touch.node, touch));
    this.uncertain.delete(key);
  }

  packet(key: number, atUs: number, node: number, { state }: Living, server: number): void {
    this.touched(key, { atUs, node, ended: false, server, state });
  }

  last(key: number): Touch | undefined {
    return [...(this.#touches.get(key)?.values() ?? [])].sort((a, b) => b.atUs - a.atUs)[0];
  }

  /** No node but the last one had a packet at about the same time. */
  isClear(key: number): boolean {
    const [last, other] = [...(this.#touches.get(key)?.values() ?? [])].sort((a, b) => b.atUs - a.atUs);
    return last !== undefined && !this.uncertain.has(key) && (other === undefined || last.atUs - other.atUs > CLOSE_US);
  }

  /** One node alone has had packets of it lately, and others know of them. */
  isCalm(key: number, nowUs: number): boolean {
    const [last, other] = [...(this.#touches.get(key)?.values() ?? [])].sort((a, b) => b.atUs - a.atUs);
    return last !== undefined && nowUs - last.atUs > SETTLE_US && (other === undefined || nowUs - other.atUs > STALL_US);
  }

  get keys(): Iterable<number> {
    return this.#touches.keys();
  }

  crashed(node: number): void {
    for (const key of this.keys) if (this.last(key)?.node === node) this.uncertain.add(key);
  }
}
