// What differs between two values of a kind, in words.
import { formatAddress } from '../../model/address-text.js';
import type { DestinationSpec, ForwardingMethod, ServiceSpec } from '../../model/service.js';
import { netmaskText } from '../../model/service-text.js';
import { valueText } from '../value-text.js';
import type { Difference } from './plan.js';

/** As listings have it. */
export const METHOD_NAMES: Readonly<Record<ForwardingMethod, string>> = {
  masq: 'Masq',
  local: 'Local',
  tunnel: 'Tunnel',
  route: 'Route',
  fullnat: 'FullNAT',
};

const NONE = 'none';

/** The netmask where it is not that of single clients, as listings have it. */
function persistenceText(spec: ServiceSpec): string {
  const { persistence } = spec;
  if (persistence === undefined) return NONE;
  const netmask = netmaskText(spec);
  const parts = [`${persistence.timeout} s`, netmask === undefined ? undefined : `netmask ${netmask}`, persistence.engine];
  return parts.filter((part) => part !== undefined).join(', ');
}

/** A difference where the texts differ. */
const differing = (what: string, from: string, to: string): readonly Difference[] => (from === to ? [] : [{ what, from, to }]);

export function serviceDifferences(from: ServiceSpec, to: ServiceSpec): readonly Difference[] {
  return [
    ...differing('scheduler', from.scheduler, to.scheduler),
    ...differing('scheduler flags', String(from.schedFlags), String(to.schedFlags)),
    ...differing('persistence', persistenceText(from), persistenceText(to)),
    ...differing('persistence engine', from.idleEngine ?? NONE, to.idleEngine ?? NONE),
    ...differing('one packet', String(from.onePacket), String(to.onePacket)),
  ];
}

const tunnelText = ({ method, tunnel }: DestinationSpec): string =>
  method === 'tunnel' ? `${tunnel.type} ${tunnel.port} ${tunnel.checksum}` : NONE;

export function serverDifferences(from: DestinationSpec, to: DestinationSpec): readonly Difference[] {
  return [
    ...differing('weight', String(from.weight), String(to.weight)),
    ...differing('method', METHOD_NAMES[from.method], METHOD_NAMES[to.method]),
    ...differing('upper threshold', String(from.upperThreshold), String(to.upperThreshold)),
    ...differing('lower threshold', String(from.lowerThreshold), String(to.lowerThreshold)),
    ...differing('tunnel', tunnelText(from), tunnelText(to)),
  ];
}

/** `quorumUp` → `quorum up` */
const words = (name: string): string => name.replace(/Us$/, '').replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

const isAddress = (value: object): value is Parameters<typeof formatAddress>[0] => 'family' in value && 'words' in value;

/** Short values as they are; a longer one has no text that fits a line. */
function shortText(name: string, value: unknown): string | undefined {
  if (value === undefined) return NONE;
  if (typeof value === 'number' && name.endsWith('Us')) return `${value / 1e6} s`;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'object' || value === null) return undefined;
  if (isAddress(value)) return formatAddress(value);
  return 'text' in value && typeof value.text === 'string' ? value.text : undefined;
}

/** What differs between two objects of settings, field by field, without the fields of `except`. Secrets are not shown. */
export function settingDifferences<T extends object>(from: T, to: T, except: readonly (keyof T)[] = []): readonly Difference[] {
  const left = new Set<string>(except as readonly string[]);
  const names = [...new Set([...Object.keys(from), ...Object.keys(to)])].filter((name) => !left.has(name));
  return names.flatMap((name): readonly Difference[] => {
    const [a, b] = [(from as Record<string, unknown>)[name], (to as Record<string, unknown>)[name]];
    if (valueText(a) === valueText(b)) return [];
    const [first, second] = [shortText(name, a), shortText(name, b)];
    if (first === undefined || second === undefined || first === second) return [{ what: words(name), from: 'before', to: 'changed' }];
    return [{ what: words(name), from: first, to: second }];
  });
}
