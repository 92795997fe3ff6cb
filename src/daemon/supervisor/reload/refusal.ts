// When a reload is refused: what cannot be used at all, and what would give something up because of mistakes in the file. The reloader asks
// it, and `weir plan`.
import { type Damage, newDamage } from '../../../config/keepalived/diagnostics/damage.js';
import type { Address } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import { addressId } from '../../../model/identity.js';
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import type { Loaded } from './loaded.js';
import { serversGivenUp } from './servers-given-up.js';

/** What a configuration gives up of another one: a virtual address or an instance's authentication. */
interface GivenUp {
  /** As a message names it. */
  readonly text: string;
  readonly instance: string;
  /** Absent: it is the authentication. */
  readonly address?: string;
}

function givenUp(before: KeepalivedConfiguration, next: KeepalivedConfiguration): readonly GivenUp[] {
  const addressesOf = (instance: VrrpInstance): readonly Address[] =>
    [...instance.addresses, ...instance.excludedAddresses].map(({ address }) => address);
  const kept = new Set(next.instances.flatMap(addressesOf).map(addressId));
  const nextByName = new Map(next.instances.map((instance) => [instance.name, instance]));
  return before.instances.flatMap((instance) => {
    const { name, authentication } = instance;
    const lost: GivenUp[] = addressesOf(instance)
      .filter((one) => !kept.has(addressId(one)))
      .map((one) => ({ text: `${formatAddress(one)} of ${name}`, instance: name, address: formatAddress(one) }));
    const now = nextByName.get(name)?.authentication ?? authentication;
    if (now.kind === 'none' && authentication.kind !== 'none') lost.push({ text: `the authentication of ${name}`, instance: name });
    return lost;
  });
}

/** Whether something wrong is about just that: its instance is left out, its address is named, it stands on its authentication. */
function isAbout(damage: Damage, { instance, address }: GivenUp, next: KeepalivedConfiguration): boolean {
  if (address !== undefined && damage.text.split(/[^\w.:]+/).includes(address)) return true;
  if (damage.instance !== instance) return false;
  return !next.instances.some(({ name }) => name === instance) || (address === undefined && damage.onAuthentication === true);
}

/**
 * What the new file would give up because of what is wrong in it: where something is wrong that was not wrong in the file that runs (a name
 * in the place of a server's address), or where what is wrong is about just the virtual address that goes. Other mistakes are no reason to
 * keep what an operator removes.
 */
function lostByDamage(
  before: { readonly configuration: KeepalivedConfiguration; readonly damage: readonly Damage[] },
  next: { readonly configuration: KeepalivedConfiguration; readonly damage: readonly Damage[] },
): string | undefined {
  if (next.damage.length === 0) return undefined;
  const lost = givenUp(before.configuration, next.configuration);
  if (newDamage(before.damage, next.damage).length > 0) return lost[0]?.text ?? serversGivenUp(before.configuration, next.configuration)[0];
  return lost.find((one) => next.damage.some((damage) => isAbout(damage, one, next.configuration)))?.text;
}

/** What runs, and what was wrong in its file. */
export interface RunningFile {
  readonly configuration: KeepalivedConfiguration;
  readonly damage: readonly Damage[];
}

/** Why a reload to what was read is refused, without reload_check_config; undefined: it is taken. */
export function refusalOf(running: RunningFile, { configuration, damage = [], outcome }: Loaded): string | undefined {
  if (configuration === undefined) return outcome === 'missing' ? 'there is no configuration file' : 'the new configuration cannot be used';
  const lost = lostByDamage(running, { configuration, damage });
  return lost === undefined ? undefined : `the new configuration has errors and would give up ${lost} (fix them, or restart)`;
}
