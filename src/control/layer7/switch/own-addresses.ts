// A listener on all addresses of this host, as one for each of them: the datapath's services have an address.
import { isUnspecified } from '../../../model/address.js';
import { sameAddress } from '../../../model/identity.js';
import type { Layer7 } from '../../../model/layer7/layer7.js';
import type { Listener } from '../../../model/layer7/listener.js';
import { contains, type Subnet } from '../../../model/subnet.js';

/** Of a network with servers: these would answer its clients past this host, so that VS/NAT does not serve them. */
const hasServer = (subnet: Subnet, { pools }: Layer7): boolean =>
  pools.some(({ servers }) => servers.some(({ address }) => contains(subnet, address)));

/** The listener itself, where it is none of all addresses or the host has none for it. */
function listenersFor(listener: Listener, layer7: Layer7, own: readonly Subnet[]): readonly Listener[] {
  if (!isUnspecified(listener.address)) return [listener];
  const isNamed = ({ address }: Subnet): boolean =>
    layer7.listeners.some((other) => other.port === listener.port && sameAddress(other.address, address));
  const found = own.filter(
    (subnet, k) =>
      subnet.address.family === listener.address.family &&
      own.findIndex(({ address }) => sameAddress(address, subnet.address)) === k &&
      !isNamed(subnet) &&
      !hasServer(subnet, layer7),
  );
  return found.length === 0 ? [listener] : found.map(({ address }, k) => ({ ...listener, name: `${listener.name}\0${k}`, address }));
}

export interface OwnListeners {
  readonly layer7: Layer7;
  /** What the file names the listener of this name. */
  nameOf(name: string): string;
}

/** `own`: the addresses of this host, with their networks. */
export function withOwnAddresses(layer7: Layer7, own: readonly Subnet[]): OwnListeners {
  const byName = new Map(layer7.listeners.map((listener) => [listener.name, listenersFor(listener, layer7, own)]));
  const names = new Map([...byName].flatMap(([name, listeners]) => listeners.map((each) => [each.name, name] as const)));
  const namesOf = (of: readonly string[]): readonly string[] => of.flatMap((name) => (byName.get(name) ?? []).map((each) => each.name));
  return {
    layer7: {
      ...layer7,
      listeners: [...byName.values()].flat(),
      hosts: layer7.hosts.map((host) => ({ ...host, listeners: namesOf(host.listeners), defaultOn: namesOf(host.defaultOn) })),
    },
    nameOf: (name) => names.get(name) ?? name,
  };
}
