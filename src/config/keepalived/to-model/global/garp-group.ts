// garp_group: interfaces that share the pace of gratuitous ARPs (keepalived.conf(5)).
import type { GlobalSettings } from '../../../../model/keepalived/global.js';
import type { Report, Values, Word } from '../../keyword.js';
import { allOf, blocksOf, has, listOf, numberOf } from '../../values/values.js';
import { tellError, tellNotice } from '../report.js';

type GarpGroup = GlobalSettings['garpGroups'][number];

/** The groups in order. An interface is in one group; a group without pace or interface is none. */
export function buildGarpGroups(root: Values, report: Report): readonly GarpGroup[] {
  const taken = new Set<string>();
  const groups: GarpGroup[] = [];
  for (const [index, block] of blocksOf(root, 'garp_group').entries()) {
    const single = allOf(block, 'interface').map((entry) => (entry.value as readonly Word[])[0]);
    const names = [...single, ...listOf(block, 'interfaces')].filter((word) => word !== undefined);
    const free = names.filter((word) => {
      if (taken.has(word.text)) tellError(report, word.at, `garp_group already specified for ${word.text} - ignoring`);
      return !taken.has(word.text) && taken.add(word.text);
    });
    const garpIntervalUs = numberOf(block, 'garp_interval') ?? 0;
    const gnaIntervalUs = numberOf(block, 'gna_interval') ?? 0;
    if (!has(block, 'garp_interval') && !has(block, 'gna_interval')) {
      tellError(report, block.at, `garp group ${index} does not have any delay set - removing`);
    } else if (free.length === 0) tellNotice(report, block.at, `garp group ${index} does not have any interfaces configured - removing`);
    else groups.push({ garpIntervalUs, gnaIntervalUs, interfaces: free.map((word) => word.text) });
  }
  return groups;
}
