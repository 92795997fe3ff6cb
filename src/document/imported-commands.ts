// What `ipvsadm -Sn` prints → services and timeouts: each line is carried out on a director in memory.
import { type At, ImportReport } from '../config/import/import-report.js';
import type { Imported } from '../config/import/imported.js';
import type { Command } from '../config/ipvsadm/command.js';
import { RestoreLines } from '../config/ipvsadm/restore-lines.js';
import { applyChange } from '../datapath/apply-change.js';
import { MemoryDirector } from '../datapath/memory/memory-director.js';
import { failureLine, isWeirError } from '../model/errors/weir-error.js';

const CHECK_INTERVAL_S = 10;

/** What a command is of the table that the text describes. */
function carryOut(command: Command, at: At, director: MemoryDirector, report: ImportReport): void {
  switch (command.kind) {
    case 'add-service':
    case 'edit-service':
    case 'delete-service':
    case 'add-destination':
    case 'edit-destination':
    case 'delete-destination':
      applyChange(director, command);
      report.add(at, 'exact', '');
      break;
    case 'flush':
      director.flush();
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
  const lines = new RestoreLines();
  const commands = text.split('\n').map((line) => (line.startsWith('#') ? '' : line));
  const all = [...lines.push(Buffer.from(commands.join('\n')))];
  const last = lines.end();
  for (const { number, words } of last === undefined ? all : [...all, last]) {
    const at = { file, line: number, text: words.join(' ') };
    try {
      carryOut(await parse(words), at, director, report);
    } catch (error) {
      if (!isWeirError(error)) throw error;
      report.add(at, 'refused', '', failureLine(error));
    }
  }
  for (const { spec, destinations } of director.services().toReversed())
    report.service(
      { file, line: 0, text: '' },
      {
        spec,
        destinations: destinations.toReversed().map((each) => ({ spec: each.spec, check: true })),
        checkInterval: CHECK_INTERVAL_S,
        keepsFailed: false,
      },
    );
  return report.done();
}
