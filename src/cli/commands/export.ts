// weir export: the table of this network namespace as a file that makes the same of an empty one.
import { presentVips } from '../../control/vip/plan-vips.js';
import { EXPORT_FORMATS, type ExportedTable, exportedTable } from '../../document/export-formats.js';
import { wholeTable } from '../../document/table-facts.js';
import { observeVips } from '../../host/vip/observed-host.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { command, expectWords } from '../command.js';
import { reportWait } from '../failure.js';
import type { Io } from '../io.js';

const USAGE = `usage: weir export [--format weir|ipvsadm|keepalived] [--all] [--json]
       prints the table with its timeouts: as a weir.yaml (the default; with the VIPs that weir has added), as input of ipvsadm-restore, or as a keepalived.conf
       services and servers are in the order in which they were added; of servers that feedback moves, the configured weights;
       services that a daemon keeps, and those that weir switch makes of the rules of a weir.yaml, are left out, with a line each: the plan of
       the text is empty
       --all   with those of daemons, for another director: as they are in the table now, without checks and servers that are down, which are a line each
       --json  one object: the format, the text, and what of the table it cannot hold
       exit status 0: the text makes the same table; 3: it has not all of it (each loss is a line on standard error);
       1: it could not look; 2: wrong usage
`;

const LOSSY_STATUS = 3;

function presentTable(all: boolean, io: Io): ExportedTable {
  const facts = wholeTable(reportWait('weir export', io));
  for (const line of facts.moved) io.err(`${line}\n`);
  return exportedTable(facts, all);
}

const TYPES = { format: 'value', all: 'flag', json: 'flag' } as const;

export const run = command({ name: 'weir export', usage: USAGE, types: TYPES }, ({ flags, words }, io) => {
  expectWords(words, 0);
  const { format = 'weir' } = flags;
  const write = Object.hasOwn(EXPORT_FORMATS, format) ? EXPORT_FORMATS[format] : undefined;
  if (write === undefined)
    throw new WeirError('option-value', { option: '--format', expected: Object.keys(EXPORT_FORMATS).join(', '), given: format });
  const { table, leftOut } = presentTable(flags.all === true, io);
  const { text, losses: lost } = write({ ...table, vips: presentVips(observeVips()) });
  const losses = [...leftOut, ...lost];
  if (flags.json === true) io.out(`${JSON.stringify({ format, text, losses })}\n`);
  else io.out(text);
  for (const line of flags.json === true ? [] : losses) io.err(`weir export: ${line}\n`);
  return losses.length === 0 ? 0 : LOSSY_STATUS;
});
