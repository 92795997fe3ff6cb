// Performs a real server's plan, one step at a time. A step that is done already, or undone already, is no failure.
import { sysctlName } from '../../control/realserver/arp-settings.js';
import type { Step } from '../../control/realserver/step.js';
import { acceptsText } from '../../control/realserver/tunnel-devices.js';
import { formatAddress } from '../../model/address-text.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { hostLength } from '../../model/subnet.js';
import { hasCode, unlessCode } from '../../sys/errno.js';
import { using } from '../../sys/fd.js';
import { writeSetting } from '../../sys/files/sysctl.js';
import { NETLINK_GENERIC, Netlink } from '../../sys/netlink/netlink.js';
import { addGuePort, deleteGuePort } from '../../wire/gue-ports.js';
import type { NetlinkRequest } from '../../wire/netlink.js';
import { AddressFlag, AddressScope, addAddress, deleteAddress, type InterfaceAddress } from '../../wire/rtnetlink-address.js';
import { changeLink, decodeLink, dumpLinks } from '../../wire/rtnetlink-link.js';
import { addRoute, deleteRoute, type Route, RouteProtocol, RouteScope, RouteTable, RouteType } from '../../wire/rtnetlink-route.js';
import { addTunnelLink, deleteLinkNamed } from '../../wire/rtnetlink-tunnel.js';
import { fouFamily } from './gue-ports.js';

/** What a step does, for people: one line. */
export function stepText(step: Step): string {
  switch (step.kind) {
    case 'interface':
      return `${step.name} ${step.up ? 'up' : 'down'}`;
    case 'setting':
      return `${sysctlName(step.path)} = ${step.value}`;
    case 'add-address':
    case 'delete-address':
      return `${step.kind === 'add-address' ? 'add' : 'remove'} ${formatAddress(step.address)}/${hostLength(step.address)} on ${step.interface ?? 'lo'}${step.label === undefined ? '' : ` (${step.label})`}`;
    case 'add-route':
    case 'delete-route':
      return `${step.kind === 'add-route' ? 'add' : 'remove'} route ${formatAddress(step.address)} by lo`;
    case 'add-tunnel':
      return `add ${step.device.name} (${step.device.kind}), which takes tunnels ${acceptsText(step.device)}`;
    case 'delete-tunnel':
      return `remove ${step.name}`;
    case 'add-port':
    case 'delete-port':
      return `${step.kind === 'add-port' ? 'open' : 'close'} UDP port ${step.port.port} for GUE over ${step.port.family === 'inet' ? 'IPv4' : 'IPv6'}`;
  }
}

type LinkStep = Exclude<Step, { kind: 'setting' | 'add-port' | 'delete-port' }>;

/** `place`: the number of the step's interface, or of lo. */
function requestOf(step: LinkStep, place: number): NetlinkRequest {
  if (step.kind === 'add-tunnel') return addTunnelLink(step.device);
  if (step.kind === 'delete-tunnel') return deleteLinkNamed(step.name);
  if (step.kind === 'interface') return changeLink({ ifindex: place, up: step.up });
  const { address } = step;
  if (step.kind === 'add-address' || step.kind === 'delete-address') {
    const value: InterfaceAddress = {
      ifindex: place,
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
    ifindex: place,
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
  // With its module the kernel makes sit0 itself.
  'add-tunnel': ['EEXIST'],
  'delete-tunnel': ['ENODEV'],
  'add-port': ['EALREADY', 'EADDRINUSE'],
  'delete-port': ['EINVAL'],
};

/** The number of the interface that the step is about; one that an earlier step made was not there when the host was observed. */
function placeOf(netlink: Netlink, step: LinkStep): number {
  const name = step.kind === 'interface' ? step.name : 'interface' in step && step.interface !== undefined ? step.interface : 'lo';
  const found = netlink.dump(dumpLinks(), decodeLink, 'list interfaces').find((link) => link.name === name);
  if (found === undefined) throw new WeirError('interface-unknown', { name });
  return found.ifindex;
}

function changePort(step: Extract<Step, { kind: 'add-port' | 'delete-port' }>): void {
  const number = fouFamily();
  const request = step.kind === 'add-port' ? addGuePort(number, step.port) : deleteGuePort(number, step.port);
  using(new Netlink(undefined, NETLINK_GENERIC), (netlink) =>
    unlessCode(() => netlink.change(request, stepText(step)), DONE_ALREADY[step.kind], undefined),
  );
}

/** @throws WeirError tunnel-unknown, SystemError */
function changeLinks(netlink: Netlink, step: LinkStep): void {
  const place = step.kind === 'add-tunnel' || step.kind === 'delete-tunnel' ? 0 : placeOf(netlink, step);
  try {
    unlessCode(() => netlink.change(requestOf(step, place), stepText(step)), DONE_ALREADY[step.kind], undefined);
  } catch (error) {
    if (step.kind === 'add-tunnel' && hasCode(error, 'EOPNOTSUPP')) throw new WeirError('tunnel-unknown', { kind: step.device.kind });
    throw error;
  }
}

/** @throws SystemError, WeirError */
export function applyStep(netlink: Netlink, step: Step): void {
  if (step.kind === 'setting') {
    writeSetting(step.path, step.value);
  } else if ('port' in step) {
    changePort(step);
  } else {
    changeLinks(netlink, step);
  }
}
