// Applies the table of a real server and kills itself after COUNT writes, or begins an undo and kills itself: `killed-tune apply|undo COUNT`.
import { planApply, planUndo } from '../../src/control/tuning/apply.js';
import { plainValue, tuningLines } from '../../src/control/tuning/plan.js';
import { NO_TUNING, readSavedTuning, writeSavedTuning } from '../../src/control/tuning/saved.js';
import { withState } from '../../src/host/state-file.js';
import { observeTuning, readSettings } from '../../src/host/tuning/observe.js';
import { readSetting, writeSetting } from '../../src/sys/files/sysctl.js';

const [, , verb = '', count = '0'] = process.argv;
withState('tune', (state) => {
  const saved = readSavedTuning(state.read() ?? '') ?? NO_TUNING;
  const reading = observeTuning(true);
  const apply = planApply(tuningLines({ roles: ['director', 'realserver'] }, reading), reading, saved);
  const undo = planUndo(saved, readSettings(saved.settings.map(({ path }) => path)));
  const writes = verb === 'apply' ? apply.writes : undo.restoring.filter(({ path, value }) => plainValue(readSetting(path)) !== value);
  state.write(writeSavedTuning(verb === 'apply' ? apply.saved : { ...saved, restoring: undo.restoring }));
  for (const { path, value } of writes.slice(0, Number(count))) writeSetting(path, value);
  process.stdout.write(writes.length <= Number(count) ? 'no write left\n' : 'killed\n');
  process.kill(process.pid, 'SIGKILL');
});
