// -V and -I leave addresses or the table on a stopped node, while its peer takes over.
import { findingOf, type LintRule, type LintVerdict } from '../rule.js';

const ADDRESSES: LintVerdict = {
  code: 'keeps-addresses-at-stop',
  severity: 'error',
  meaning: '`-V` (--dont-release-vrrp) where a peer takes over: the stopped node keeps the addresses, and two hosts have them.',
};
const TABLE: LintVerdict = {
  code: 'keeps-table-at-stop',
  severity: 'warning',
  meaning:
    '`-I` (--dont-release-ipvs) where a peer takes over: the stopped node continues to forward by a table whose servers are not checked.',
};

export const leftBehind: LintRule = {
  verdicts: [ADDRESSES, TABLE],
  examine: (nodes) =>
    nodes.flatMap((node) => {
      const { instances, virtualServers } = node.configuration;
      if (instances.length === 0) return [];
      const at = { file: node.file, line: 1, column: 1 };
      const fix = (option: string): string => `remove ${option} from the daemon's options`;
      const findings = [];
      if (node.leavesBehind.addresses) {
        const cause = `option -V, and ${instances.map(({ name }) => name).join(', ')} can be master elsewhere`;
        findings.push(findingOf(ADDRESSES, at, 'a stopped node keeps its virtual addresses', cause, fix('-V')));
      }
      if (node.leavesBehind.servers && virtualServers.length > 0) {
        const cause = 'option -I: virtual servers stay, without health checks, while a peer serves them';
        findings.push(findingOf(TABLE, at, 'a stopped node keeps its virtual servers', cause, fix('-I')));
      }
      return findings;
    }),
};
