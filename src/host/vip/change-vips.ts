// The VIPs of a document: all of what leads to them or nothing, together with a change of something else.
import { planAdd, planDelete } from '../../control/vip/plan.js';
import type { VipStep } from '../../control/vip/plan-vips.js';
import type { Address } from '../../model/address.js';
import { formatAddress } from '../../model/address-text.js';
import { messageOf } from '../../model/errors/message-of.js';
import { errorOf, WeirError } from '../../model/errors/weir-error.js';
import { sameAddress } from '../../model/identity.js';
import type { WantedVip } from '../../model/vip.js';
import { isSystemError, unlessCode } from '../../sys/errno.js';
import type { Netlink } from '../../sys/netlink/netlink.js';
import type { StateFile } from '../state-file.js';
import { hasNotedHeirs, putBack } from './heirs.js';
import { type ObservedHost, observeVipHost, remember, remembered } from './observed-host.js';
import { addOwn, changingState, deleteOwn, takeAddress } from './vip-addresses.js';
import { announce, type Placed, refuseRivals } from './vip-network.js';

/** Addresses by the interface of each. */
class Placing {
  readonly placed = new Map<number, readonly Address[]>();

  add(ifindex: number, address: Address): void {
    this.placed.set(ifindex, [...(this.placed.get(ifindex) ?? []), address]);
  }
}

class Changes {
  /** The last one first. */
  readonly #undo: { readonly vip: string; readonly back: () => void }[] = [];
  readonly put = new Placing();

  constructor(
    readonly netlink: Netlink,
    readonly state: StateFile,
  ) {}

  make(step: VipStep): void {
    if (step.kind === 'put') this.#add(step.vip);
    else this.#take(step.address, step.interface);
  }

  /** What takes the next change back, before it is made. */
  #begin(vip: string, back: () => void): void {
    const before = remembered(this.state);
    this.#undo.unshift({
      vip,
      back: () => {
        back();
        remember(this.state, before);
      },
    });
  }

  #add(vip: WantedVip): void {
    const host = observeVipHost(this.netlink);
    const plan = planAdd(host, vip, remembered(this.state));
    if (plan.kind === 'refused') throw errorOf(plan.failure);
    if (plan.kind === 'present') return;
    this.#begin(plan.vip.address, () => {
      const now = observeVipHost(this.netlink);
      const removal = planDelete(now, vip.address, vip.interface, remembered(this.state));
      if (removal.kind === 'delete') takeAddress(this.netlink, now, removal, vip.interface);
    });
    addOwn(this.netlink, this.state, plan, vip.address);
    this.put.add(plan.ifindex, vip.address);
  }

  #take(address: Address, name: string): void {
    const host = observeVipHost(this.netlink);
    const plan = planDelete(host, address, name, remembered(this.state));
    if (plan.kind === 'refused') throw errorOf(plan.failure);
    if (plan.kind === 'absent') return;
    const gone = [plan.vip, ...plan.heirs];
    const raw = host.rawAddresses.filter((one) =>
      gone.some((each) => each.ifindex === one.ifindex && sameAddress(each.address, one.address)),
    );
    this.#begin(formatAddress(address), () => {
      for (const one of raw) unlessCode(() => putBack(this.netlink, one), ['EEXIST'], undefined);
    });
    deleteOwn(this.netlink, this.state, { host, plan, address, name });
  }

  /** All that can be taken back is. @throws WeirError vip-not-undone */
  undo(failure: unknown): void {
    const left = this.#undo.flatMap(({ vip, back }) => {
      try {
        back();
        return [];
      } catch (obstacle) {
        return [{ vip, obstacle: messageOf(obstacle) }];
      }
    });
    const [first] = left;
    if (first === undefined) return;
    const vips = left.map(({ vip }) => vip).join(', ');
    throw new WeirError('vip-not-undone', { failure: messageOf(failure), vip: vips, obstacle: first.obstacle });
  }
}

/** Those that are not on their interfaces yet, by these. */
function asked(steps: readonly VipStep[], host: ObservedHost): Placed {
  const asking = new Placing();
  for (const step of steps) {
    if (step.kind !== 'put') continue;
    const ifindex = host.interfaces.find(({ name }) => name === step.vip.interface)?.ifindex;
    const isThere = host.addresses.some((one) => one.ifindex === ifindex && sameAddress(one.address, step.vip.address));
    if (ifindex !== undefined && !isThere) asking.add(ifindex, step.vip.address);
  }
  return asking.placed;
}

/** `own`: VIPs of weir that stay: a change before that was killed may not have announced them. */
export interface VipChanges {
  readonly steps: readonly VipStep[];
  readonly own: readonly WantedVip[];
}

/** All that came and stays. What is done stays done where nothing can be announced. */
function announceAll(netlink: Netlink, placing: Placing, own: readonly WantedVip[], warn: (text: string) => void): void {
  const host = observeVipHost(netlink);
  for (const { address, interface: name } of own) {
    const ifindex = host.interfaces.find((one) => one.name === name)?.ifindex;
    if (ifindex !== undefined) placing.add(ifindex, address);
  }
  try {
    announce(host, placing.placed);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    warn(`the VIPs are there, but could not be announced: ${error.message}`);
  }
}

/**
 * `work` calls `make` where the steps belong in what it does; where it throws, they are undone. First the network is asked who else has the new VIPs; at
 * last they are announced; `warn`: that this failed, or as changingState. Returns what `work` does.
 * @throws WeirError vip-taken, as planAdd and planDelete refuse, vip-not-undone; SystemError; as `work`
 */
export function changingVips<T>({ steps, own }: VipChanges, warn: (text: string) => void, work: (make: () => void) => T): T {
  if (steps.length + own.length === 0 && !hasNotedHeirs()) return work(() => undefined);
  return changingState(warn, (state, netlink) => {
    const host = observeVipHost(netlink);
    refuseRivals(host, asked(steps, host));
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
    announceAll(netlink, changes.put, own, warn);
    return result;
  });
}
