// An address with or without a prefix length, as in address, route and rule lines.

import type { Address, Family } from '../../../../model/address.js';
import { parseAddress } from '../../../../model/address-text.js';
import type { Prefix } from '../../../../model/keepalived/network.js';
import { reportProblem } from '../../diagnostics/report.js';
import type { DetailsOf, DiagnosticCode } from '../../diagnostics/table.js';
import type { Word } from '../../keyword.js';
import { readWhole } from '../../values/number.js';
import type { Line } from '../line.js';

export const bitsOf = (family: Family): 32 | 128 => (family === 'inet' ? 32 : 128);

/** The address with all bits zero: the meaning of `default`, `any` and `all`. */
export const zeroOf = (family: Family): Address => ({ family, words: family === 'inet' ? [0] : [0, 0, 0, 0] });

/**
 * ADDRESS[/LENGTH]. With an invalid length the whole address is used; an invalid address gives undefined. Both are reported. Host bits stay
 * as written.
 */
export function readPrefix(line: Line, word: Word): Prefix | undefined {
  const slash = word.text.indexOf('/');
  const address = parseAddress(slash < 0 ? word.text : word.text.slice(0, slash));
  if (address === undefined) {
    line.report('address-or-prefix-invalid', word.at, { word: word.text });
    return undefined;
  }
  const whole = bitsOf(address.family);
  if (slash < 0) return { address, length: whole };
  const text = word.text.slice(slash + 1);
  const { value, problem } = readWhole(text, { min: 0, max: whole });
  if (value !== undefined) return { address, length: value };
  reportProblem(line.report, word.at, problem);
  line.report('prefix-length-invalid', word.at, { text, word: word.text, whole });
  return { address, length: whole };
}

/** An address alone. For an invalid one, keepalived's general message comes first, then `code`. */
export function readAddress<C extends DiagnosticCode>(line: Line, word: Word, code: C, details: DetailsOf<C>): Address | undefined {
  const address = parseAddress(word.text);
  if (address !== undefined) return address;
  line.report('ip-invalid', word.at, { word: word.text });
  line.report(code, word.at, details);
  return undefined;
}
