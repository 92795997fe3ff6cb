// Performs a real server's plan, one step at a time. A step that is done already, or undone already, is no failure.
import { sysctlName } from '../../control/realserver/arp-settings.js';
import type { Step } from '../../control/realserver/plan.js';
import { formatAddress } from '../../model/address-text.js';
import { hostLength } from '../../model/subnet.js';
import { unlessCode } from '../../sys/errno.js';
import { writeSetting } from '../../sys/files/sysctl.js';
import type { Netlink } from '../../sys/netlink/netlink.js';
import type { NetlinkRequest } from '../../wire/netlink.js';
import { AddressFlag, AddressScope, addAddress, deleteAddress, type InterfaceAddress } from '../../wire/rtnetlink-address.js';
import { changeLink } from '../../wire/rtnetlink-link.js';
import { addRoute, deleteRoute, type Route, RouteProtocol, RouteScope, RouteTable, RouteType } from '../../wire/rtnetlink-route.js';

/** What a step does, for people: one line. */
export function stepText(step: Step): string {
  switch (step.kind) {
    case 'interface':
      return `${step.name} ${step.up ? 'up' : 'down'}`;
    case 'setting':
      return `${sysctlName(step.path)} = ${step.value}`;
    case 'add-address':
    case 'delete-address':
      return `${step.kind === 'add-address' ? 'add' : 'remove'} ${formatAddress(step.address)}/${hostLength(step.address)} on lo${step.label === undefined ? '' : ` (${step.label})`}`;
    case 'add-route':
    case 'delete-route':
      return `${step.kind === 'add-route' ? 'add' : 'remove'} route ${formatAddress(step.address)} by lo`;
  }
}

function requestOf(step: Exclude<Step, { kind: 'setting' }>, loopback: number): NetlinkRequest {
  if (step.kind === 'interface') return changeLink({ ifindex: loopback, up: step.up });
  const { address } = step;
  if (step.kind === 'add-address' || step.kind === 'delete-address') {
    const value: InterfaceAddress = {
      ifindex: loopback,
      address,
      prefixLength: hostLength(address),
      scope: AddressScope.global,
      flags: AddressFlag.permanent,
      ...(step.label === undefined ? {} : { label: step.label }),
      // Else a server whose interface has only a link-local address would open its own connections from the VIP.
      ...(address.family === 'inet' ? {} : { preferredLifetime: 0 }),
    };
    return step.kind === 'add-address' ? addAddress(value) : deleteAddress(value);
  }
  const route: Route = {
    family: address.family,
    destination: address,
    prefixLength: 32,
    ifindex: loopback,
    table: RouteTable.main,
    protocol: RouteProtocol.boot,
    scope: RouteScope.link,
    type: RouteType.unicast,
  };
  return step.kind === 'add-route' ? addRoute(route) : deleteRoute(route);
}

/** The kernel's codes for a step that is already done. */
const DONE_ALREADY: Readonly<Record<Step['kind'], readonly string[]>> = {
  interface: [],
  setting: [],
  'add-address': ['EEXIST'],
  'add-route': ['EEXIST'],
  'delete-address': ['EADDRNOTAVAIL'],
  'delete-route': ['ESRCH'],
};

/** @throws SystemError */
export function applyStep(netlink: Netlink, loopback: number, step: Step): void {
  if (step.kind === 'setting') {
    writeSetting(step.path, step.value);
    return;
  }
  unlessCode(() => netlink.change(requestOf(step, loopback), stepText(step)), DONE_ALREADY[step.kind], undefined);
}
