// An import of layer 4: the text, the report, the plan.
import { emptyImport, emptyKeepalived } from '../../config/import/empty-import.js';
import { importLineText, importTotals, isLossy } from '../../config/import/import-report.js';
import { type Imported, type ImportLine, type ImportOptions, importedTable } from '../../config/import/imported.js';
import { importedKeepalivedText } from '../../config/import/write-keepalived.js';
import { importedWeirText, isChecked, lostOfWeir } from '../../config/import/write-weir.js';
import { planDocument } from '../../control/plan/plan-document.js';
import { commandLines, EXPORT_FORMATS } from '../../document/export-formats.js';
import { IMPORT_METHODS, type ImportFormat, type ImportSource, importFormat } from '../../document/import-formats.js';
import { observeTable } from '../../document/table-facts.js';
import type { Address } from '../../model/address.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { parseLocals } from '../../model/fullnat.js';
import type { Timeouts } from '../../model/service.js';
import { serviceWord } from '../../model/service-word.js';
import { parseVip } from '../../model/vip-address.js';
import { printPlan } from '../document/print-plan.js';
import type { Io } from '../io.js';
import { parseResolving } from '../ipvsadm/world.js';
import { SystemNames } from '../names/resolver.js';
import { readNamed } from '../read-text.js';
import { includedFiles } from './included-files.js';

const LOSSES_STATUS = 3;
const UNSTATED: Timeouts = { tcp: 0, tcpFin: 0, udp: 0 };
const LOCALS = 'up to eight different addresses of this host';
const FORMATS = ['weir', 'ipvsadm', 'keepalived'];

export interface ImportFlags {
  readonly format?: string;
  readonly method?: string;
  readonly vip?: string;
  readonly 'local-address'?: string;
  readonly plan?: true;
  readonly all?: true;
  readonly json?: true;
}

function vipOf(word: string): Address {
  const address = parseVip(word);
  if (address === undefined) throw new WeirError('option-value', { option: '--vip', expected: 'addresses of services', given: word });
  return address;
}

/** Without them FULLNAT has no packet to send. */
function localsOf(method: string, text: string | undefined): Pick<ImportOptions, 'localAddresses'> {
  const option = '--local-address';
  if (method === 'fullnat' && text === undefined) throw new WeirError('option-missing', { option: `${option} (of --method fullnat)` });
  if (text === undefined) return {};
  if (method !== 'fullnat') throw new WeirError('option-not-here', { options: option, only: '--method fullnat' });
  const localAddresses = parseLocals(text.split(','));
  if (localAddresses === undefined) throw new WeirError('option-value', { option, expected: LOCALS, given: text });
  return { localAddresses };
}

function optionsOf({ method = 'masq', vip, 'local-address': locals }: ImportFlags): ImportOptions {
  const found = IMPORT_METHODS.find((each) => each === method);
  if (found === undefined) throw new WeirError('option-value', { option: '--method', expected: IMPORT_METHODS.join(', '), given: method });
  return { method: found, vips: vip === undefined ? [] : vip.split(',').map(vipOf), ...localsOf(method, locals) };
}

/** What the format cannot hold of what was imported. */
function leftOut(imported: Imported, format: string, file: string): readonly ImportLine[] {
  const line = (text: string, consequence: string, hint: string): ImportLine => ({
    ...{ file, line: 0, text, status: 'lost', became: '' },
    ...{ consequence, hint },
  });
  if (format === 'keepalived') {
    const { services = [], timeouts = UNSTATED } = importedTable(imported);
    const { losses = [] } = EXPORT_FORMATS[format]?.({ services, timeouts }) ?? {};
    const sorry = imported.services.flatMap((each) =>
      each.sorry?.method === 'fullnat' ? `sorry_server of ${serviceWord(each.spec.key)}` : [],
    );
    return [...losses, ...sorry].map((loss) => line(loss, 'keepalived.conf cannot hold it', '--format weir'));
  }
  if (format === 'weir') return lostOfWeir(imported, file);
  const checked = imported.services.some(isChecked);
  const sorry = imported.services.some((service) => service.sorry !== undefined);
  return [
    ...(checked ? [line('health checks', 'servers that fail keep their connections', '--format weir')] : []),
    ...(sorry ? [line('fallback and backup servers', 'while no server is left clients are refused', '--format weir')] : []),
  ];
}

function textOf(imported: Imported, format: string): string {
  if (format === 'keepalived') return importedKeepalivedText(imported);
  if (format === 'weir') return importedWeirText(imported);
  return `${commandLines(importedTable(imported)).join('\n')}\n`;
}

/** Host names are looked up, as by ipvsadm-restore. */
function sourceOf(file: string, io: Io): ImportSource {
  const names = new SystemNames();
  const parseCommand: ImportSource['parseCommand'] = (words) => parseResolving(words, names);
  return { file, text: readNamed(file, io), parseCommand, readIncluded: includedFiles(file) };
}

function printLines(lines: readonly ImportLine[], io: Io): void {
  for (const line of lines) io.err(`${importLineText(line)}\n`);
}

/** The exit status. @throws WeirError; SystemError EPERM of a plan without root */
export async function importTable(from: ImportFormat, file: string, flags: ImportFlags, io: Io): Promise<number> {
  const { format = 'weir' } = flags;
  if (!FORMATS.includes(format)) throw new WeirError('option-value', { option: '--format', expected: FORMATS.join(', '), given: format });
  const options = optionsOf(flags);
  const source = sourceOf(file, io);
  const imported = await importFormat(from, source, options);
  const empty = emptyImport(from, source, imported);
  if (empty !== undefined) {
    if (!imported.isForeign) printLines(imported.lines.filter(isLossy), io);
    throw empty;
  }
  const lines = [...imported.lines, ...leftOut(imported, format, file)];
  const unheld = format === 'keepalived' ? emptyKeepalived(file, imported) : undefined;
  if (unheld !== undefined) {
    printLines(lines.filter(isLossy), io);
    throw unheld;
  }
  const status = lines.some(isLossy) ? LOSSES_STATUS : 0;
  const text = flags.plan === true ? undefined : textOf(imported, format);
  if (flags.json === true && flags.plan !== true) {
    io.out(`${JSON.stringify({ file, format, text, lines, hosts: imported.hosts })}\n`);
    return status;
  }
  printLines(
    lines.filter((each) => flags.all === true || isLossy(each)),
    io,
  );
  for (const host of imported.hosts) io.err(`on ${host}\n`);
  io.err(`${file}: ${importTotals(lines)}\n`);
  if (text !== undefined) io.out(text);
  else printPlan(planDocument(importedTable(imported), observeTable()), { json: flags.json === true, all: flags.all === true, file }, io);
  return status;
}
