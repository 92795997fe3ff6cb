// garp_group: interfaces that share a rate limit for gratuitous ARPs (keepalived.conf(5)).
import type { GlobalSettings } from '../../../../model/keepalived/global.js';
import type { Report } from '../../diagnostics/report.js';
import type { Values, Word } from '../../keyword.js';
import { allOf, blocksOf, has, listOf, numberOf } from '../../values/values.js';

type GarpGroup = GlobalSettings['garpGroups'][number];

/** The groups in order. An interface belongs to one group; a group without delay or interface is dropped. */
export function buildGarpGroups(root: Values, report: Report): readonly GarpGroup[] {
  const taken = new Set<string>();
  const groups: GarpGroup[] = [];
  for (const [index, block] of blocksOf(root, 'garp_group').entries()) {
    const single = allOf(block, 'interface').map((entry) => (entry.value as readonly Word[])[0]);
    const names = [...single, ...listOf(block, 'interfaces')].filter((word) => word !== undefined);
    const free = names.filter((word) => {
      if (taken.has(word.text)) report('garp-group-interface-twice', word.at, { word: word.text });
      return !taken.has(word.text) && taken.add(word.text);
    });
    const garpIntervalUs = numberOf(block, 'garp_interval') ?? 0;
    const gnaIntervalUs = numberOf(block, 'gna_interval') ?? 0;
    if (!has(block, 'garp_interval') && !has(block, 'gna_interval')) {
      report('garp-group-without-delay', block.at, { index });
    } else if (free.length === 0) report('garp-group-without-interfaces', block.at, { index });
    else groups.push({ garpIntervalUs, gnaIntervalUs, interfaces: free.map((word) => word.text) });
  }
  return groups;
}
