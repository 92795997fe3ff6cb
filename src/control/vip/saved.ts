// The saved list of VIPs that weir added: to the text of a file, and back.
import { parseIpv4 } from '../../model/address-text.js';
import type { SavedVip } from './plan.js';

export function writeSavedVips(vips: readonly SavedVip[]): string {
  return `${JSON.stringify({ version: 1, vips }, null, 2)}\n`;
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

function isSavedVip(value: unknown): value is SavedVip {
  if (!isRecord(value)) return false;
  const { address, prefixLength, device, label } = value as { [key in keyof SavedVip]: unknown };
  const length = typeof prefixLength === 'number' && Number.isInteger(prefixLength) && prefixLength >= 1 && prefixLength <= 32;
  return (
    typeof address === 'string' && parseIpv4(address) !== undefined && length && typeof device === 'string' && typeof label === 'string'
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
  const vips = isRecord(value) && value['version'] === 1 ? value['vips'] : undefined;
  return Array.isArray(vips) && vips.every(isSavedVip) ? vips : undefined;
}
