// static_ipaddress, static_routes, static_rules: there from start to stop, put back when somebody takes them away.
import { formatAddress } from '../../model/address-text.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { HostAddress, HostRoute, HostRule } from '../../model/keepalived/network.js';
import type { Netlink } from '../../sys/netlink.js';
import type { NetlinkMessage } from '../../wire/netlink.js';
import type { InterfaceAddress } from '../../wire/rtnetlink-address.js';
import { HeldAddresses } from './held-addresses.js';
import { HeldRoutes } from './held-routes.js';
import type { Interfaces } from './interfaces.js';
import type { LogLevel } from './vrrp-process.js';

/** Whose they are among what is held. */
const NOBODY = 'static';

interface Placed {
  readonly host: HostAddress;
  readonly device: string;
}

const keyOf = (value: HostAddress | HostRoute | HostRule): string =>
  JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? String(part) : part));

/** What is in one list and not in the other. */
function without<T extends HostAddress | HostRoute | HostRule>(list: readonly T[], others: readonly T[]): readonly T[] {
  const keys = new Set(others.map(keyOf));
  return list.filter((one) => !keys.has(keyOf(one)));
}

export class StaticObjects {
  readonly #addresses: HeldAddresses;
  readonly #routes: HeldRoutes;
  #root: Pick<KeepalivedConfiguration['root'], 'staticAddresses' | 'staticRoutes' | 'staticRules'> = {
    staticAddresses: [],
    staticRoutes: [],
    staticRules: [],
  };
  #defaultInterface = '';
  #suspicious = false;

  constructor(
    netlink: Netlink,
    private readonly interfaces: () => Interfaces,
    ifindexOf: (device: string) => number,
    private readonly log: (level: LogLevel, text: string) => void,
  ) {
    this.#addresses = new HeldAddresses(netlink, interfaces, log);
    this.#routes = new HeldRoutes(netlink, ifindexOf, log);
  }

  /** Only what differs from before is touched. */
  configure({ root, global }: KeepalivedConfiguration): void {
    const before = this.#root;
    this.#routes.removeRules(NOBODY, without(before.staticRules, root.staticRules));
    this.#routes.removeRoutes(NOBODY, without(before.staticRoutes, root.staticRoutes));
    this.#addresses.remove(NOBODY, this.#place(without(before.staticAddresses, root.staticAddresses)));
    this.#root = root;
    this.#defaultInterface = global.defaultInterface;
    this.#addresses.add(NOBODY, this.#place(without(root.staticAddresses, before.staticAddresses)));
    this.#routes.addRoutes(NOBODY, without(root.staticRoutes, before.staticRoutes));
    this.#routes.addRules(NOBODY, without(root.staticRules, before.staticRules));
  }

  #place(hosts: readonly HostAddress[]): readonly Placed[] {
    return hosts.map((host) => ({ host, device: host.dev ?? this.#defaultInterface }));
  }

  addressRemoved(address: InterfaceAddress): void {
    this.#suspicious ||= this.#addresses.suspects(address);
  }

  /** What others took away is put back; interfaces that came get what is theirs. */
  changed(messages: readonly NetlinkMessage[]): void {
    if (this.#suspicious) {
      this.#suspicious = false;
      this.#addresses.takeLost();
      this.#restoreAddresses();
    }
    const lost = this.#routes.takeLost(messages);
    if (lost.length > 0) {
      for (const { what, text } of lost) {
        this.log('info', `Restoring deleted static ${what} (${text})`);
      }
      this.#routes.addRoutes(NOBODY, this.#root.staticRoutes);
      this.#routes.addRules(NOBODY, this.#root.staticRules);
    }
  }

  interfaceCame(): void {
    this.#restoreAddresses(false);
  }

  #restoreAddresses(say = true): void {
    for (const placed of this.#place(this.#root.staticAddresses)) {
      const { host, device } = placed;
      const link = this.interfaces().byName(device);
      if (link === undefined || this.#addresses.isHeld(link.ifindex, host.address)) {
        continue;
      }
      if (say) {
        this.log('info', `Restoring deleted static address ${formatAddress(host.address)} dev ${device}`);
      }
      this.#addresses.add(NOBODY, [placed]);
    }
  }

  close(): void {
    this.#routes.removeRules(NOBODY, this.#root.staticRules);
    this.#routes.removeRoutes(NOBODY, this.#root.staticRoutes);
    this.#addresses.remove(NOBODY, this.#place(this.#root.staticAddresses));
  }
}
