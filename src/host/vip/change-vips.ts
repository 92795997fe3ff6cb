// The VIPs of a document: all of what leads to them or nothing, together with a change of something else.
import { planAdd, planDelete, type SavedVip } from '../../control/vip/plan.js';
import type { VipStep } from '../../control/vip/plan-vips.js';
import { writeSavedVips } from '../../control/vip/saved.js';
import type { Address } from '../../model/address.js';
import { formatAddress } from '../../model/address-text.js';
import { errorOf, WeirError } from '../../model/errors/weir-error.js';
import { sameAddress } from '../../model/identity.js';
import type { WantedVip } from '../../model/vip.js';
import { using } from '../../sys/fd.js';
import { Netlink } from '../../sys/netlink/netlink.js';
import { type StateFile, withState } from '../state-file.js';
import { observeVipHost, remembered } from './observed-host.js';
import { putAddress, putBack, takeAddress } from './vip-addresses.js';
import { announce, type Placed, refuseRivals } from './vip-network.js';

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const writeAll = (state: StateFile, vips: readonly SavedVip[]): void => state.write(vips.length === 0 ? undefined : writeSavedVips(vips));

class Changes {
  /** The last one first. */
  readonly #undo: { readonly vip: string; readonly back: () => void }[] = [];
  readonly #put = new Map<number, Address[]>();

  constructor(
    readonly netlink: Netlink,
    readonly state: StateFile,
  ) {}

  get placed(): Placed {
    return this.#put;
  }

  make(step: VipStep): void {
    if (step.kind === 'put') this.#add(step.vip);
    else this.#take(step.address, step.interface);
  }

  #remember(saved: readonly SavedVip[], vip: string, back: () => void): void {
    const before = remembered(this.state);
    writeAll(this.state, saved);
    this.#undo.unshift({
      vip,
      back: () => {
        back();
        writeAll(this.state, before);
      },
    });
  }

  #add(vip: WantedVip): void {
    const host = observeVipHost(this.netlink);
    const saved = remembered(this.state);
    const plan = planAdd(host, vip, saved);
    if (plan.kind === 'refused') throw errorOf(plan.failure);
    if (plan.kind === 'present') return;
    const { address } = plan.vip;
    let isThere = false;
    this.#remember([...saved.filter((one) => one.address !== address), plan.vip], address, () => {
      const now = observeVipHost(this.netlink);
      const removal = planDelete(now, vip.address, vip.interface, remembered(this.state));
      if (isThere && removal.kind === 'delete') takeAddress(this.netlink, now, removal, vip.interface);
    });
    putAddress(this.netlink, plan, vip.address);
    isThere = true;
    this.#put.set(plan.ifindex, [...(this.#put.get(plan.ifindex) ?? []), vip.address]);
  }

  #take(address: Address, name: string): void {
    const host = observeVipHost(this.netlink);
    const saved = remembered(this.state);
    const plan = planDelete(host, address, name, saved);
    if (plan.kind === 'refused') throw errorOf(plan.failure);
    if (plan.kind === 'absent') return;
    const text = formatAddress(address);
    const raw = host.rawAddresses.filter((one) => one.ifindex === plan.vip.ifindex && sameAddress(one.address, address));
    takeAddress(this.netlink, host, plan, name);
    this.#remember(
      saved.filter((one) => one.address !== text || one.interface !== name),
      text,
      () => {
        for (const one of raw) putBack(this.netlink, one);
      },
    );
  }

  /** @throws WeirError vip-not-undone */
  undo(failure: unknown): void {
    for (const { vip, back } of this.#undo) {
      try {
        back();
      } catch (obstacle) {
        throw new WeirError('vip-not-undone', { failure: messageOf(failure), vip, obstacle: messageOf(obstacle) });
      }
    }
  }
}

/** Those that are not on their interfaces yet, by these. */
function asked(steps: readonly VipStep[], host: ReturnType<typeof observeVipHost>): Placed {
  const placed = new Map<number, Address[]>();
  for (const step of steps) {
    if (step.kind !== 'put') continue;
    const ifindex = host.interfaces.find(({ name }) => name === step.vip.interface)?.ifindex;
    const isThere = host.addresses.some((one) => one.ifindex === ifindex && sameAddress(one.address, step.vip.address));
    if (ifindex !== undefined && !isThere) placed.set(ifindex, [...(placed.get(ifindex) ?? []), step.vip.address]);
  }
  return placed;
}

/**
 * `work` calls `make` where the steps belong in what it does; where it throws, they are undone. First the network is asked who else has the new VIPs; at
 * last they are announced. Returns what `work` does.
 * @throws WeirError vip-taken, as planAdd and planDelete refuse, vip-not-undone; SystemError; as `work`
 */
export function changingVips<T>(steps: readonly VipStep[], work: (make: () => void) => T): T {
  if (steps.length === 0) return work(() => undefined);
  return withState('vip', (state) =>
    using(new Netlink(), (netlink) => {
      refuseRivals(observeVipHost(netlink), asked(steps, observeVipHost(netlink)));
      const changes = new Changes(netlink, state);
      let result: T;
      try {
        result = work(() => {
          for (const step of steps) changes.make(step);
        });
      } catch (error) {
        changes.undo(error);
        throw error;
      }
      announce(observeVipHost(netlink), changes.placed);
      return result;
    }),
  );
}
