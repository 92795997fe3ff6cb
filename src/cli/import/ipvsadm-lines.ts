// What `ipvsadm -Sn` prints → services: each line is carried out on a director in memory.
import { type At, ImportReport } from '../../config/import/import-report.js';
import type { Imported } from '../../config/import/imported.js';
import { MemoryDirector } from '../../datapath/memory/memory-director.js';
import { failureLine, isWeirError } from '../../model/errors/weir-error.js';
import type { Command } from '../ipvsadm/command.js';
import { execute, isChanging } from '../ipvsadm/execute.js';
import { RestoreLines } from '../ipvsadm/restore-lines.js';
import { parseResolving } from '../ipvsadm/world.js';
import { SystemNames } from '../names/resolver.js';

const CHECK_INTERVAL_S = 10;

/** What a command is of the table that the text describes, beside its services. */
function carryOut(command: Command, at: At, director: MemoryDirector, report: ImportReport): void {
  if (!isChanging(command)) report.add(at, 'refused', '', 'it changes no table');
  else if (command.kind === 'start-daemon' || command.kind === 'stop-daemon')
    report.lost(at, 'connections are not synchronised by what is written', 'lvs_sync_daemon of keepalived.conf');
  else if (command.kind === 'zero') report.add(at, 'equivalent', 'nothing', 'no packet goes another way for it');
  else {
    execute(command, director, director);
    if (command.kind === 'set') report.timeouts(command.timeouts);
    report.add(at, 'exact', '');
  }
}

/** Lines that begin with `#` are comments, and host names are looked up, as by ipvsadm-restore. */
export async function importIpvsadm(file: string, text: string): Promise<Imported> {
  const report = new ImportReport();
  const director = new MemoryDirector();
  const names = new SystemNames();
  const lines = new RestoreLines();
  const commands = text.split('\n').map((line) => (line.startsWith('#') ? '' : line));
  const all = [...lines.push(Buffer.from(commands.join('\n')))];
  const last = lines.end();
  for (const { number, words } of last === undefined ? all : [...all, last]) {
    const at = { file, line: number, text: words.join(' ') };
    try {
      carryOut(await parseResolving(words, names), at, director, report);
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
