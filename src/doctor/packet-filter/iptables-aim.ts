// What a rule of iptables-save names and does with it, whatever packet it meets.
import { prefixOf } from './aim.js';
import type { Aim, PortRange, RuleVerdict } from './model.js';

const VERDICTS: Readonly<Record<string, RuleVerdict>> = {
  DROP: 'drop',
  REJECT: 'reject',
  ACCEPT: 'accept',
  DNAT: 'nat',
  REDIRECT: 'nat',
  TPROXY: 'nat',
  NETMAP: 'nat',
};

/** The words of a rule, without the quotes and backslashes of iptables-save. One in quotes is no option and no "!": a space stands before it where it
 * begins as these do. */
export function wordsOfRule(line: string): readonly string[] {
  const words = line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g);
  return [...words].map(([, quoted, plain]) => quoted?.replace(/\\(.)/g, '$1').replace(/^(?=[!-])/, ' ') ?? plain ?? '');
}

function portRangesOf(text: string): readonly PortRange[] {
  return text.split(',').flatMap((part) => {
    const [, from, to] = /^(\d+)(?::(\d+))?$/.exec(part) ?? [];
    return from === undefined ? [] : [{ from: Number(from), to: Number(to ?? from) }];
  });
}

/** `negated`: "! -d X" matches everything except X, and so names no destination. */
function optionOf(words: readonly string[], ...names: readonly string[]): string | 'negated' | undefined {
  const at = words.findIndex((word) => names.includes(word));
  return at < 0 ? undefined : words[at - 1] === '!' ? 'negated' : words[at + 1];
}

export const iptablesVerdict = (words: readonly string[]): RuleVerdict => VERDICTS[optionOf(words, '-j') ?? ''] ?? 'other';

/** Undefined: it sets a mark, as services by mark need, or negates its destination. */
export function iptablesAim(words: readonly string[]): Aim | undefined {
  const [destination, ports, protocol] = [optionOf(words, '-d'), optionOf(words, '--dport', '--dports'), optionOf(words, '-p')];
  const target = optionOf(words, '-j') ?? '';
  if ([destination, ports, protocol].includes('negated') || target === 'MARK' || target === 'CONNMARK') return undefined;
  const [host = '', length] = (destination ?? '').split('/');
  const prefix = destination === undefined ? undefined : prefixOf(host, length === undefined ? undefined : Number(length));
  return {
    destinations: prefix === undefined ? [] : [prefix],
    ports: ports === undefined ? [] : portRangesOf(ports),
    ...(protocol === undefined ? {} : { protocol }),
  };
}
