// An address with or without a length, as addresses, routes and rules have it.

import type { Address, Family } from '../../../../model/address.js';
import { parseAddress } from '../../../../model/address-text.js';
import type { Prefix } from '../../../../model/keepalived/network.js';
import type { Word } from '../../keyword.js';
import { readWhole } from '../../values/number.js';
import type { Line } from '../line.js';

export const bitsOf = (family: Family): 32 | 128 => (family === 'inet' ? 32 : 128);

/** Every bit zero: what `default`, `any` and `all` mean. */
export const zeroOf = (family: Family): Address => ({ family, words: family === 'inet' ? [0] : [0, 0, 0, 0] });

/**
 * ADDRESS[/LENGTH]. A wrong length is told and the whole address taken; a wrong address is told and nothing given.
 * Host bits stay as written.
 */
export function readPrefix(line: Line, word: Word): Prefix | undefined {
  const slash = word.text.indexOf('/');
  const address = parseAddress(slash < 0 ? word.text : word.text.slice(0, slash));
  if (address === undefined) {
    line.error(
      word,
      `VRRP parsed invalid IP ${word.text}. skipping IP...`,
      'an IP address is expected, such as 192.0.2.1 or 2001:db8::1/64',
    );
    return undefined;
  }
  const whole = bitsOf(address.family);
  if (slash < 0) return { address, length: whole };
  const text = word.text.slice(slash + 1);
  const { value, problem } = readWhole(text, { min: 0, max: whole });
  if (value !== undefined) return { address, length: value };
  line.error(word, problem ?? '');
  line.error(word, `Invalid address prefix len ${text} for address ${word.text} - using ${whole}`);
  return { address, length: whole };
}

/** An address alone; a wrong one is told in keepalived's general words and then `otherwise`. */
export function readAddress(line: Line, word: Word, otherwise: string): Address | undefined {
  const address = parseAddress(word.text);
  if (address !== undefined) return address;
  line.error(word, `VRRP parsed invalid IP ${word.text}. skipping IP...`);
  line.error(word, otherwise);
  return undefined;
}
