// An ACL of many values: HAProxy reads 64 words of a line, and lines of one name add up.
import { word } from './haproxy-words.js';

const VALUES_MAX = 40;

export function aclLines(name: string, sample: string, method: string, values: readonly (string | number)[]): readonly string[] {
  const lines: string[] = [];
  for (let at = 0; at < values.length; at += VALUES_MAX) {
    const some = values.slice(at, at + VALUES_MAX).map((one) => word(String(one)));
    lines.push(`acl ${name} ${word(sample)} -m ${method} -- ${some.join(' ')}`);
  }
  return lines;
}
