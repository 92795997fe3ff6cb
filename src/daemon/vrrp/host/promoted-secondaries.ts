// promote_secondaries: taking an interface's first address of a network off leaves the others of that network on it.
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { Log } from '../../../model/log-level.js';
import { isSystemError } from '../../../sys/errno.js';
import type { UndoJournal } from './undo-journal.js';

const KEY = 'promote_secondaries';
const pathOf = (name: string): string => `net/ipv4/conf/${name}/${KEY}`;

export class PromotedSecondaries {
  constructor(
    readonly undoJournal: UndoJournal,
    readonly log: Log,
  ) {}

  configure({ instances }: KeepalivedConfiguration): void {
    const wanted = new Set(instances.flatMap((one) => (one.promoteSecondaries && one.interface !== undefined ? [one.interface] : [])));
    const paths = new Set([...wanted].map(pathOf));
    this.undoJournal.restore((path) => path.endsWith(`/${KEY}`) && !paths.has(path));
    for (const name of wanted) {
      try {
        this.undoJournal.change([[pathOf(name), '1']]);
      } catch (error) {
        if (!isSystemError(error)) throw error;
        this.log('warning', `${KEY} on ${name}: ${error.message}`);
      }
    }
  }
}
