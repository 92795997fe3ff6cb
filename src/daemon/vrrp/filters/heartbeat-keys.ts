// Which heartbeats an instance accepts: with authentication, those with a valid MAC, each once; without, all from its peers.
import { randomBytes } from 'node:crypto';
import type { Address } from '../../../model/address.js';
import { addressId } from '../../../model/identity.js';
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import {
  decodeAuthenticatedHeartbeat,
  decodeHeartbeat,
  encodeAuthenticatedHeartbeat,
  encodeHeartbeat,
  type Heartbeat,
} from '../../../wire/heartbeat.js';
import { passwordBytes } from '../../../wire/vrrp-auth.js';
import { hexBytes } from './digest-key.js';

const NANOSECONDS_IN_MS = 1_000_000n;
/** Clocks that are right are not this far apart. */
const CLOCKS_DIFFER_NS = 30_000_000_000n;

/** The key for sending first; none: not authenticated. */
export function heartbeatKeys({ authentication }: Pick<VrrpInstance, 'authentication'>): readonly Uint8Array[] | undefined {
  switch (authentication.kind) {
    case 'none':
      return undefined;
    case 'hmac': {
      const usable = authentication.keys.filter(({ hex }) => hex !== undefined);
      const active = usable.filter(({ id }) => id === authentication.activeKey);
      return [...active, ...usable.filter((key) => !active.includes(key))].map(({ hex = '' }) => hexBytes(hex));
    }
    default:
      return [passwordBytes(authentication.password)];
  }
}

export class HeartbeatKeys {
  /** Distinguishes our own heartbeats, sent back to us, from a peer's. */
  readonly sender = randomBytes(4).readUInt32BE();
  #stamp = 0n;
  /** The greatest stamp of each peer. */
  readonly #seen = new Map<string, bigint>();

  /** @param wallMs the time of day: a sender that was started again goes on behind its last stamp */
  constructor(readonly wallMs: () => number = Date.now) {}

  /** Undefined where there is no key: such an instance sends nothing. */
  encode(instance: VrrpInstance, state: Heartbeat['state'], priority: number): Uint8Array | undefined {
    const heartbeat: Heartbeat = { family: instance.family, vrid: instance.vrid, state, priority };
    const keys = heartbeatKeys(instance);
    if (keys === undefined) return encodeHeartbeat(heartbeat);
    const now = BigInt(this.wallMs()) * NANOSECONDS_IN_MS;
    this.#stamp = now > this.#stamp ? now : this.#stamp + 1n;
    return keys[0] === undefined
      ? undefined
      : encodeAuthenticatedHeartbeat(heartbeat, keys[0], { sender: this.sender, stamp: this.#stamp });
  }

  /** The heartbeat for one of these instances, if that instance accepts it. */
  decode(
    bytes: Uint8Array,
    source: Address,
    instances: readonly VrrpInstance[],
  ): { readonly instance: VrrpInstance; readonly heartbeat: Heartbeat } | undefined {
    const authenticated = decodeAuthenticatedHeartbeat(bytes);
    const heartbeat = authenticated?.heartbeat ?? decodeHeartbeat(bytes);
    const instance = instances.find(({ family, vrid }) => family === heartbeat?.family && vrid === heartbeat.vrid);
    if (heartbeat === undefined || instance === undefined) return undefined;
    const keys = heartbeatKeys(instance);
    if (keys === undefined) return authenticated === undefined ? { instance, heartbeat } : undefined;
    const from = `${instance.name} ${addressId(source)}`;
    if (
      authenticated === undefined ||
      authenticated.authentication.sender === this.sender ||
      !this.#isNew(from, authenticated.authentication.stamp)
    ) {
      return undefined;
    }
    if (!keys.some(authenticated.isValidFor)) return undefined;
    this.#seen.set(from, authenticated.authentication.stamp);
    return { instance, heartbeat };
  }

  /**
   * Is the stamp greater than the peer's last? Where the last is in the future, the peer's clock was wrong, was set, and the peer was restarted:
   * then a stamp of the present time is accepted.
   */
  #isNew(from: string, stamp: bigint): boolean {
    const last = this.#seen.get(from);
    if (last === undefined || stamp > last) return true;
    const now = BigInt(this.wallMs()) * NANOSECONDS_IN_MS;
    return last > now + CLOCKS_DIFFER_NS && stamp > now - CLOCKS_DIFFER_NS;
  }
}
