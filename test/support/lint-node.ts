// A node of lint from the text of its file: no script is read, no file of authorities is wrong, and its daemon leaves nothing behind.
import type { LintNode } from '../../src/config/keepalived/lint/rule.js';
import { readText } from './keepalived.js';

export function lintNode(file: string, text: string, more: Partial<LintNode> = {}): LintNode {
  const { configuration, read } = readText(text, file);
  return {
    file,
    configuration,
    values: read.values,
    leavesBehind: { addresses: false, servers: false },
    scripts: new Map(),
    troublesOfAuthorities: new Map(),
    ...more,
  };
}
