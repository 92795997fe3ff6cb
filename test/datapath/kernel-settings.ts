// The kernel's settings of a bed's devices that the programs go by, and a command that notices each change.
import { writeSetting } from '../../src/sys/files/sysctl.js';
import type { DeviceName } from './fixtures/bed-addresses.js';

type Devices = DeviceName | 'all';

export class KernelSettings {
  /** With rp_filter. */
  readonly #filtering = new Set<Devices>();
  #refusesOwn = false;

  /** `changed`: notices it. */
  constructor(readonly changed: () => void) {}

  filterReversePath(device: Devices, value: 0 | 1 | 2): void {
    writeSetting(`net/ipv4/conf/${device}/rp_filter`, String(value));
    if (value === 0) this.#filtering.delete(device);
    else this.#filtering.add(device);
    this.changed();
  }

  /** accept_local of all devices, which is on at first. */
  acceptOwnSources(on: boolean): void {
    writeSetting('net/ipv4/conf/all/accept_local', on ? '1' : '0');
    this.#refusesOwn = !on;
    this.changed();
  }

  /** As they were at first. */
  restore(): void {
    for (const device of this.#filtering) this.filterReversePath(device, 0);
    if (this.#refusesOwn) this.acceptOwnSources(true);
  }
}
