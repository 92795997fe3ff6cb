// What `ipvsadm -Sn` prints → services: each line is carried out on a director in memory.
import { ImportReport } from '../../config/import/import-report.js';
import type { Imported } from '../../config/import/imported.js';
import { MemoryDirector } from '../../datapath/memory/memory-director.js';
import { failureLine, isWeirError } from '../../model/errors/weir-error.js';
import { execute, isChanging } from '../ipvsadm/execute.js';
import { RestoreLines } from '../ipvsadm/restore-lines.js';
import { parseResolving } from '../ipvsadm/world.js';
import { SystemNames } from '../names/resolver.js';

const CHECK_INTERVAL_S = 10;

/** Host names are looked up, as by ipvsadm-restore. */
export async function importIpvsadm(file: string, text: string): Promise<Imported> {
  const report = new ImportReport();
  const director = new MemoryDirector();
  const names = new SystemNames();
  const lines = new RestoreLines();
  const all = [...lines.push(Buffer.from(text))];
  const last = lines.end();
  for (const { number, words } of last === undefined ? all : [...all, last]) {
    const at = { file, line: number, text: words.join(' ') };
    try {
      const command = await parseResolving(words, names);
      if (!isChanging(command)) report.add(at, 'refused', '', 'it changes no table');
      else {
        execute(command, director, director);
        report.add(at, 'exact', '');
      }
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
