// The saved list of VIPs that weir added: to the text of a file, and back.

import { parseAddress } from '../../model/address-text.js';
import { isRecord } from '../../model/json.js';
import type { SavedVip } from './plan.js';

export function writeSavedVips(vips: readonly SavedVip[]): string {
  return `${JSON.stringify({ version: 2, vips }, null, 2)}\n`;
}

function isSavedVip(value: unknown): value is SavedVip {
  if (!isRecord(value)) return false;
  const { address, prefixLength, interface: name, label } = value as { [key in keyof SavedVip]: unknown };
  const family = typeof address === 'string' ? parseAddress(address)?.family : undefined;
  const lengthMax = family === 'inet' ? 32 : 128;
  const length = typeof prefixLength === 'number' && Number.isInteger(prefixLength) && prefixLength >= 1 && prefixLength <= lengthMax;
  return (
    family !== undefined && length && typeof name === 'string' && (family === 'inet' ? typeof label === 'string' : label === undefined)
  );
}

/** Undefined for a text of another form. */
export function readSavedVips(text: string): readonly SavedVip[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { version, vips } = isRecord(value) ? value : {};
  if (!Array.isArray(vips) || (version !== 1 && version !== 2)) return undefined;
  // In version 1 the interface was called device.
  const named = version === 2 ? vips : vips.map((vip: unknown) => (isRecord(vip) ? { ...vip, interface: vip['device'] } : vip));
  return named.every(isSavedVip)
    ? named.map(({ address, prefixLength, interface: name, label }) => ({
        address,
        prefixLength,
        interface: name,
        ...(label === undefined ? {} : { label }),
      }))
    : undefined;
}
