// The VIPs of a document: all of what leads to them or nothing, together with a change of something else.
import { planAdd, planDelete, type SavedVip } from '../../control/vip/plan.js';
import type { VipStep } from '../../control/vip/plan-vips.js';
import { writeSavedVips } from '../../control/vip/saved.js';
import type { Address } from '../../model/address.js';
import { formatAddress } from '../../model/address-text.js';
import { errorOf, WeirError } from '../../model/errors/weir-error.js';
import { sameAddress } from '../../model/identity.js';
import type { WantedVip } from '../../model/vip.js';
import { isSystemError, unlessCode } from '../../sys/errno.js';
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

  /** What takes the next change back, before it is made. */
  #begin(vip: string, back: () => void): void {
    const before = remembered(this.state);
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
    this.#begin(address, () => {
      const now = observeVipHost(this.netlink);
      const removal = planDelete(now, vip.address, vip.interface, remembered(this.state));
      if (removal.kind === 'delete') takeAddress(this.netlink, now, removal, vip.interface);
    });
    writeAll(this.state, [...saved.filter((one) => one.address !== address), plan.vip]);
    putAddress(this.netlink, plan, vip.address);
    this.#put.set(plan.ifindex, [...(this.#put.get(plan.ifindex) ?? []), vip.address]);
  }

  #take(address: Address, name: string): void {
    const host = observeVipHost(this.netlink);
    const saved = remembered(this.state);
    const plan = planDelete(host, address, name, saved);
    if (plan.kind === 'refused') throw errorOf(plan.failure);
    if (plan.kind === 'absent') return;
    const text = formatAddress(address);
    const gone = [plan.vip, ...plan.heirs];
    const raw = host.rawAddresses.filter((one) =>
      gone.some((each) => each.ifindex === one.ifindex && sameAddress(each.address, one.address)),
    );
    this.#begin(text, () => {
      for (const one of raw) unlessCode(() => putBack(this.netlink, one), ['EEXIST'], undefined);
    });
    takeAddress(this.netlink, host, plan, name);
    writeAll(
      this.state,
      saved.filter((one) => one.address !== text || one.interface !== name),
    );
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

/** `own`: VIPs of weir that stay: a change before that was killed may not have announced them. */
export interface VipChanges {
  readonly steps: readonly VipStep[];
  readonly own: readonly WantedVip[];
}

/** All that came and stays. What is done stays done where nothing can be announced. */
function announceAll(netlink: Netlink, placed: Placed, own: readonly WantedVip[], warn: (text: string) => void): void {
  const host = observeVipHost(netlink);
  const all = new Map([...placed].map(([ifindex, addresses]) => [ifindex, [...addresses]]));
  for (const { address, interface: name } of own) {
    const ifindex = host.interfaces.find((one) => one.name === name)?.ifindex;
    if (ifindex !== undefined) all.set(ifindex, [...(all.get(ifindex) ?? []), address]);
  }
  try {
    announce(host, all);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    warn(`the VIPs are there, but could not be announced: ${error.message}`);
  }
}

/**
 * `work` calls `make` where the steps belong in what it does; where it throws, they are undone. First the network is asked who else has the new VIPs; at
 * last they are announced; `warn`: that this failed. Returns what `work` does.
 * @throws WeirError vip-taken, as planAdd and planDelete refuse, vip-not-undone; SystemError; as `work`
 */
export function changingVips<T>({ steps, own }: VipChanges, warn: (text: string) => void, work: (make: () => void) => T): T {
  if (steps.length + own.length === 0) return work(() => undefined);
  return withState('vip', (state) =>
    using(new Netlink(), (netlink) => {
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
      announceAll(netlink, changes.placed, own, warn);
      return result;
    }),
  );
}
