// weir export: the table of this network namespace as a file that makes the same of an empty one.
import { presentDocument } from '../../control/plan/present-document.js';
import { presentVips } from '../../control/vip/plan-vips.js';
import { EXPORT_FORMATS } from '../../document/export-formats.js';
import { observeTable, SWITCH_OWNER } from '../../document/table-facts.js';
import { observeVips } from '../../host/vip/observed-host.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { serviceWord } from '../../model/service-word.js';
import type { TableDocument } from '../../model/table-document.js';
import { command, expectWords } from '../command.js';
import type { Io } from '../io.js';

const USAGE = `usage: weir export [--format weir|ipvsadm|keepalived] [--json]
       prints the table with its timeouts: as a weir.yaml (the default; with the VIPs that weir has added), as input of ipvsadm-restore, or as a keepalived.conf
       services and servers are in the order in which they were added; of servers that feedback moves, the configured weights;
       services that weir switch makes of the rules of a weir.yaml are left out, with a line each
       --json  one object: the format, the text, and what of the table it cannot hold
       exit status 0: the text makes the same table; 3: it cannot hold all of it (each loss is a line on standard error);
       1: it could not look; 2: wrong usage
`;

const LOSSY_STATUS = 3;

interface Present {
  /** In the order in which it was made. */
  readonly table: Required<TableDocument>;
  /** Services that are not in it: a text that had them would keep weir switch from making them. */
  readonly leftOut: readonly string[];
}

function presentTable(io: Io): Present {
  const { present, timeouts, moved, owners } = observeTable();
  for (const line of moved) io.err(`${line}\n`);
  const switched = new Map([...owners].filter(([, owner]) => owner === SWITCH_OWNER));
  const keys = [...present].flatMap(([id, { spec }]) => (switched.has(id) ? [serviceWord(spec.key)] : []));
  return {
    table: presentDocument({ present, owners: switched, timeouts }),
    leftOut: keys.map((service) => `${service} is left out: weir switch makes it of the rules of a weir.yaml`),
  };
}

const TYPES = { format: 'value', json: 'flag' } as const;

export const run = command({ name: 'weir export', usage: USAGE, types: TYPES }, ({ flags, words }, io) => {
  expectWords(words, 0);
  const { format = 'weir' } = flags;
  const write = Object.hasOwn(EXPORT_FORMATS, format) ? EXPORT_FORMATS[format] : undefined;
  if (write === undefined)
    throw new WeirError('option-value', { option: '--format', expected: Object.keys(EXPORT_FORMATS).join(', '), given: format });
  const { table, leftOut } = presentTable(io);
  const { text, losses: lost } = write({ ...table, vips: presentVips(observeVips()) });
  const losses = [...leftOut, ...lost];
  if (flags.json === true) io.out(`${JSON.stringify({ format, text, losses })}\n`);
  else io.out(text);
  for (const line of flags.json === true ? [] : losses) io.err(`weir export: ${line}\n`);
  return losses.length === 0 ? 0 : LOSSY_STATUS;
});
