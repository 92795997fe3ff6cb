// On how many interfaces each address is, for ha_suspend.
import { addressId } from '../../model/identity.js';
import { Netlink } from '../../sys/netlink/netlink.js';
import { MonitorGroup, NetlinkMonitor } from '../../sys/netlink/netlink-monitor.js';
import { decodeInterfaceAddress, dumpAddresses } from '../../wire/rtnetlink-address.js';

export class AddressCounts {
  readonly #netlink = new Netlink();
  readonly #monitor: NetlinkMonitor;

  /** Reports now, and after each change. @throws SystemError */
  constructor(readonly report: (counts: ReadonlyMap<string, number>) => void) {
    const read = (): void => this.#read();
    this.#monitor = new NetlinkMonitor(MonitorGroup.address4 | MonitorGroup.address6, { changes: read, overrun: read });
    this.#read();
  }

  #read(): void {
    const counts = new Map<string, number>();
    for (const { address } of this.#netlink.dump(dumpAddresses(), decodeInterfaceAddress, 'list the addresses')) {
      const id = addressId(address);
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    this.report(counts);
  }

  close(): void {
    this.#monitor.close();
    this.#netlink.close();
  }
}
