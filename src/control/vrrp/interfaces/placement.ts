// Which interface an instance's packets and addresses go to, and which source address its adverts have.
import { type Address, isLinkLocal } from '../../../model/address.js';
import { addressId } from '../../../model/identity.js';
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import type { HostAddress } from '../../../model/keepalived/network.js';
import type { InterfaceFacts } from '../messages.js';
import type { VrrpMachine } from '../state/vrrp-machine.js';
import { virtualInterfaceNamesOf } from './virtual-interface-names.js';

type WithConfiguration = Pick<VrrpMachine, 'configuration'>;
type WithLostInterfaces = Pick<VrrpMachine, 'configuration' | 'lostInterfaces'>;

/** The virtual interface of `use_vmac` or `use_ipvlan`; undefined: none is used. */
export function virtualInterfaceName(machine: WithConfiguration, config: VrrpInstance): string | undefined {
  if (config.virtualInterface === undefined) return undefined;
  return virtualInterfaceNamesOf(machine.configuration, config).own?.settings.name ?? config.virtualInterface.name;
}

/** What adverts leave by; undefined: unicast by the routing table. While a macvlan is down or gone, its base interface sends priority 0. */
export function sendInterface(machine: WithLostInterfaces, config: VrrpInstance): string | undefined {
  const virtual = config.vmacTransmitBase ? undefined : virtualInterfaceName(machine, config);
  if (virtual !== undefined && !machine.lostInterfaces.has(virtual)) return virtual;
  return config.interface ?? config.vrf;
}

/** The interface of its virtual addresses, unless they name another one. */
function homeInterface(machine: WithConfiguration, config: VrrpInstance): string {
  return (
    virtualInterfaceName(machine, config) ?? config.interface ?? config.vrf ?? machine.configuration?.global.defaultInterface ?? 'eth0'
  );
}

export function addressInterface(machine: WithConfiguration, config: VrrpInstance, address: HostAddress): string {
  const base = address.dev ?? config.interface ?? '';
  const home = homeInterface(machine, config);
  if (address.virtualInterface === undefined) return address.dev ?? home;
  return virtualInterfaceNamesOf(machine.configuration, config).ofAddresses.get(base)?.settings.name ?? home;
}

/** The source address of adverts on an interface with these facts; undefined: it has none. */
export function sourceOn(config: VrrpInstance, facts: InterfaceFacts | undefined, virtual: ReadonlySet<string>): Address | undefined {
  if (config.sourceAddress !== undefined) return config.sourceAddress;
  const fitting = (facts?.addresses ?? []).filter((address) => address.family === config.family && !virtual.has(addressId(address)));
  return config.family === 'inet6' ? fitting.find(isLinkLocal) : fitting[0];
}
