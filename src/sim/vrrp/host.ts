// The host resources that a node's VRRP machine added: addresses, routes, rules, drop rules, virtual interfaces. Effects must come in pairs.
import type { Effect, Input } from '../../control/vrrp/messages.js';
import type { Address } from '../../model/address.js';
import { formatAddress } from '../../model/address-text.js';
import type { VrrpInstance } from '../../model/keepalived/instance.js';
import type { HostAddress, HostRoute, HostRule } from '../../model/keepalived/network.js';

/** Each resource by its text, with the instance that added it. */
export interface Host {
  readonly addresses: Map<string, string>;
  readonly others: Map<string, string>;
}

export const emptyHost = (): Host => ({ addresses: new Map(), others: new Map() });

/** The key of an address in `Host.addresses`. */
export const addressKey = (address: HostAddress, device: string): string => `${formatAddress(address.address)} on ${address.dev ?? device}`;

export const dropKey = (address: Address): string => `drop rule for ${formatAddress(address)}`;
export const routeKey = (route: HostRoute): string => `route ${JSON.stringify(route)}`;
export const ruleKey = (rule: HostRule): string => `rule ${JSON.stringify({ ...rule, tunnelId: String(rule.tunnelId) })}`;
export const virtualInterfaceKey = (name: string): string => `virtual interface ${name}`;
export const isVirtualInterface = (key: string): boolean => key.startsWith('virtual interface ');

/** The macvlan of an instance; in a history all have names. */
export const virtualInterfaceOf = ({ virtualInterface }: VrrpInstance): string | undefined => virtualInterface?.name;

/** An interface is deleted, and with it everything on it. */
export function dropDevice(host: Host, device: string, instances: readonly VrrpInstance[]): void {
  const above = instances.filter((instance) => instance.interface === device).map(virtualInterfaceOf);
  const gone = [device, ...above.filter((name) => name !== undefined)];
  for (const key of host.addresses.keys()) if (gone.some((name) => key.endsWith(` on ${name}`))) host.addresses.delete(key);
  for (const key of host.others.keys())
    if (key.includes(`"dev":"${device}"`) || gone.some((name) => key === virtualInterfaceKey(name))) host.others.delete(key);
}

interface Change {
  readonly map: Map<string, string>;
  readonly add: boolean;
  readonly instance: string;
  readonly keys: readonly string[];
}

function changeOf(host: Host, effect: Effect): Change | undefined {
  switch (effect.kind) {
    case 'addresses':
      return {
        map: host.addresses,
        add: effect.action === 'add',
        instance: effect.instance,
        keys: effect.addresses.map((address) => addressKey(address, effect.interface)),
      };
    case 'routes':
      return {
        map: host.others,
        add: effect.action === 'add',
        instance: effect.instance,
        keys: effect.routes.map(routeKey),
      };
    case 'rules':
      return {
        map: host.others,
        add: effect.action === 'add',
        instance: effect.instance,
        keys: effect.rules.map(ruleKey),
      };
    case 'firewall':
      return {
        map: host.others,
        add: effect.action === 'drop',
        instance: effect.instance,
        keys: effect.addresses.map(({ address }) => dropKey(address)),
      };
    case 'virtualInterface':
      return {
        map: host.others,
        add: effect.action === 'create',
        instance: effect.instance,
        keys: [virtualInterfaceKey(effect.settings.name ?? '')],
      };
    default:
      return undefined;
  }
}

/**
 * Carries out an effect, and answers what is wrong with it. Removing what does not exist is allowed at start and reload, where a node
 * cleans up after a killed process, and after another program removed it (`unreported`: the process does not know yet).
 */
export function perform(host: Host, effect: Effect, input: Input, unreported: boolean): string | undefined {
  if (effect.kind === 'renamed')
    for (const map of [host.addresses, host.others]) for (const [key, holder] of map) map.set(key, effect.names.get(holder) ?? holder);
  const change = changeOf(host, effect);
  if (change === undefined) return undefined;
  const lenient = unreported || /^(?:configure|lost|interfaceGone|interface)$/.test(input.kind);
  for (const key of change.keys) {
    const holder = change.map.get(key);
    if (change.add) {
      if (holder !== undefined && !lenient) return `${change.instance} adds ${key}, which ${holder} has added`;
      change.map.set(key, change.instance);
    } else {
      if (holder === undefined && !lenient) return `${change.instance} removes ${key}, which was not added`;
      if (holder !== undefined && holder !== change.instance) return `${change.instance} removes ${key}, which ${holder} has added`;
      change.map.delete(key);
    }
  }
  return undefined;
}
