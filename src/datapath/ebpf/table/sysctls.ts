// The keys of net.ipv4.vs in the record of settings.

import { WeirError } from '../../../model/errors/weir-error.js';
import type { Field, Records } from '../../../sys/bpf/records.js';
import { isSysctlName, type SysctlHost, type SysctlName, sysctlNames, sysctls } from '../../sysctls.js';
import { Conf } from '../abi.gen.js';

type CamelCase<T extends string> = T extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<CamelCase<Tail>>}` : T;

/** By name: the field of each has it, in the spelling of TypeScript. */
export const sysctlFields = Object.fromEntries(
  sysctlNames.map((name) => [name, Conf[name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()) as CamelCase<SysctlName>]]),
) as Readonly<Record<SysctlName, Field>>;

const hostOf = (conf: Records): SysctlHost => ({ hz: conf.get(0, Conf.hz), cpus: conf.get(0, Conf.cpus) });

const wordsOf = (conf: Records, field: Field): readonly number[] => Array.from({ length: field.count }, (_, k) => conf.get(0, field, k));

function setWords(conf: Records, field: Field, words: readonly number[]): void {
  for (const [k, word] of words.entries()) conf.set(0, field, word, k);
}

/** Gives every key of net.ipv4.vs its first value. */
export function initSysctls(conf: Records): void {
  for (const name of sysctlNames) setWords(conf, sysctlFields[name], sysctls[name].initial);
}

/** The values of all keys of net.ipv4.vs, as texts. */
export function readSysctls(conf: Records): ReadonlyMap<string, string> {
  const host = hostOf(conf);
  return new Map(sysctlNames.map((name) => [name, sysctls[name].form.text(wordsOf(conf, sysctlFields[name]), host)]));
}

/** @throws WeirError sysctl-unknown, sysctl-value */
export function writeSysctl(conf: Records, name: string, value: string): void {
  if (!isSysctlName(name)) throw new WeirError('sysctl-unknown', { name });
  const [field, host, { form }] = [sysctlFields[name], hostOf(conf), sysctls[name]];
  const words = form.parse(value, wordsOf(conf, field), host);
  if (words === undefined) throw new WeirError('sysctl-value', { name, value, ...form.range?.(host) });
  setWords(conf, field, words);
}
