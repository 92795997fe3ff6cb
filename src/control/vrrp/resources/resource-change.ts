// What a reload changes of a master's host resources: those that are no longer configured are removed, then new ones are added. An
// address that moves from one instance to another never leaves the host.
import { formatAddress } from '../../../model/address-text.js';
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import { valueText } from '../../value-text.js';
import { instanceAt, logInstance, logInstanceDetail, type VrrpContext } from '../context.js';
import { virtualInterfacesOf } from '../interfaces/virtual-interface-names.js';
import { applyInterfaceChanges } from '../interfaces/virtual-interfaces.js';
import { announce } from '../send/announce.js';
import { changeAddresses, changeFirewall, dropsPackets } from './host-resources.js';
import { kernelText, type PlacedAddress, place, placeText } from './placed-address.js';

/** An instance and its configuration as a whole, on which the names of its interfaces depend. */
export interface Configured {
  readonly config: VrrpInstance;
  readonly configuration: KeepalivedConfiguration | undefined;
}

function placed({ config, configuration }: Configured): readonly PlacedAddress[] {
  return place({ configuration }, config, [...config.addresses, ...config.excludedAddresses]);
}

function missing<T>(from: readonly T[], there: readonly T[], key: (one: T) => string = valueText): readonly T[] {
  const texts = new Set(there.map(key));
  return from.filter((one) => !texts.has(key(one)));
}

/** With what only weir knows of it. */
const whole = (one: PlacedAddress): string => valueText({ ...one.host, dev: one.interface });

function present(context: VrrpContext, index: number): Configured {
  return { config: instanceAt(context, index).config, configuration: context.machine.configuration };
}

function firewallChanges(old: VrrpInstance, now: VrrpInstance): boolean {
  const hosts = ({ addresses, excludedAddresses }: VrrpInstance) => valueText([addresses, excludedAddresses]);
  return dropsPackets(old) !== dropsPackets(now) || hosts(old) !== hosts(now);
}

/** Runs for all instances before `addNew` runs for any. */
export function removeGone(context: VrrpContext, index: number, old: Configured): void {
  const now = present(context, index);
  const { config } = now;
  const { addressesSet } = instanceAt(context, index);
  if (addressesSet) {
    const gone = missing(placed(old), placed(now), placeText);
    for (const { host, interface: name } of gone) {
      logInstance(context, index, `ip address ${formatAddress(host.address)}/${host.prefixLength} dev ${name}, no longer exist`);
    }
    const others = [...context.instances.keys()].filter((other) => other !== index && instanceAt(context, other).addressesSet);
    const rules = missing(old.config.rules, config.rules, kernelText);
    const routes = missing(old.config.routes, config.routes, kernelText);
    if (rules.length > 0) context.effects.push({ kind: 'rules', action: 'remove', instance: config.name, rules });
    if (routes.length > 0) context.effects.push({ kind: 'routes', action: 'remove', instance: config.name, routes });
    const away = others.reduce((left, other) => missing(left, placed(present(context, other)), placeText), gone);
    changeAddresses(context, config, 'remove', away);
    if (dropsPackets(old.config) && firewallChanges(old.config, config)) changeFirewall(context, old.config, 'allow');
  }
  applyInterfaceChanges(context, index, virtualInterfacesOf(old.configuration, old.config), 'delete');
}

/**
 * Adds the drop rule before the addresses, and announces all addresses if one is new. An object whose tracking changed is added again,
 * which changes nothing on the host. `held`: only a master adds anything.
 */
export function addNew(context: VrrpContext, index: number, old: Configured, held: boolean): void {
  applyInterfaceChanges(context, index, virtualInterfacesOf(old.configuration, old.config), 'create');
  if (!held) return;
  const now = present(context, index);
  const { config } = now;
  if (dropsPackets(config) && firewallChanges(old.config, config)) changeFirewall(context, config, 'drop');
  const added = missing(placed(now), placed(old), placeText);
  const routes = missing(config.routes, old.config.routes);
  const rules = missing(config.rules, old.config.rules);
  if (added.length > 0) logInstanceDetail(context, index, 'setting VIPs.');
  changeAddresses(context, config, 'add', missing(placed(now), placed(old), whole));
  if (routes.length > 0) context.effects.push({ kind: 'routes', action: 'add', instance: config.name, routes });
  if (rules.length > 0) context.effects.push({ kind: 'rules', action: 'add', instance: config.name, rules });
  if (added.length > 0) announce(context, index, config.garp.masterRepeat, 0);
}
