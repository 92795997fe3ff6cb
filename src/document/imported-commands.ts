// What `ipvsadm -Sn` prints → services and timeouts: each line is carried out on a draft of a table.
import { type At, ImportReport } from '../config/import/import-report.js';
import type { Imported } from '../config/import/imported.js';
import type { Command } from '../config/ipvsadm/command.js';
import { RestoreLines } from '../config/ipvsadm/restore-lines.js';
import { applyChange } from '../datapath/apply-change.js';
import { MemoryDirector } from '../datapath/memory/memory-director.js';
import { TableDraft } from '../datapath/memory/table-draft.js';
import { failureLine, isWeirError } from '../model/errors/weir-error.js';
import type { DestinationSpec, ServiceSpec } from '../model/service.js';
import type { DocumentService } from '../model/table-document.js';

const CHECK_INTERVAL_S = 10;

/** What a command is of the table that the text describes. */
function carryOut(command: Command, at: At, draft: TableDraft<undefined>, report: ImportReport): void {
  switch (command.kind) {
    case 'add-service':
    case 'edit-service':
    case 'delete-service':
    case 'add-destination':
    case 'edit-destination':
    case 'delete-destination':
      applyChange(draft, command);
      report.add(at, 'exact', '');
      break;
    case 'flush':
      draft.flush();
      report.add(at, 'exact', '');
      break;
    case 'set':
      report.timeouts(command.timeouts);
      report.add(at, 'exact', '');
      break;
    case 'start-daemon':
    case 'stop-daemon':
      report.lost(at, 'connections are not synchronised by what is written', 'lvs_sync_daemon of keepalived.conf');
      break;
    case 'zero':
      report.add(at, 'equivalent', 'nothing', 'no packet goes another way for it');
      break;
    default:
      report.add(at, 'refused', '', 'it changes no table');
  }
}

/** As by ipvsadm-restore lines that begin with `#` are comments. `parse`: the words of a line; it throws WeirError for what is no command. */
export async function importCommands(
  file: string,
  text: string,
  parse: (words: readonly string[]) => Command | Promise<Command>,
): Promise<Imported> {
  const report = new ImportReport();
  const director = new MemoryDirector();
  const draft = new TableDraft<undefined>([], (change) => director.check(change));
  const lines = new RestoreLines();
  const commands = text.split('\n').map((line) => (line.startsWith('#') ? '' : line));
  const all = [...lines.push(Buffer.from(commands.join('\n')))];
  const last = lines.end();
  for (const { number, words } of last === undefined ? all : [...all, last]) {
    const at = { file, line: number, text: words.join(' ') };
    try {
      carryOut(await parse(words), at, draft, report);
    } catch (error) {
      if (!isWeirError(error)) throw error;
      if (at.text.startsWith('-')) report.add(at, 'refused', '', failureLine(error));
      else report.unknown(at, 'refused', failureLine(error));
    }
  }
  for (const { spec, destinations } of servicesOf(draft))
    report.service(
      { file, line: 0, text: '' },
      { spec, destinations: destinations.map((one) => ({ spec: one, check: true })), checkInterval: CHECK_INTERVAL_S, keepsFailed: false },
    );
  return report.done();
}

/** Oldest first. */
function servicesOf(draft: TableDraft<undefined>): readonly DocumentService[] {
  const services: { readonly spec: ServiceSpec; readonly destinations: DestinationSpec[] }[] = [];
  for (const { change } of draft.changes()) {
    if (change.kind === 'add-service') services.push({ spec: change.spec, destinations: [] });
    else if (change.kind === 'add-destination') services.at(-1)?.destinations.push(change.spec);
  }
  return services;
}
