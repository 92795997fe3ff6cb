// disable_local_igmp: the host reports no link-local multicast groups by IGMP while we run, VRRP's own among them.
import type { Log } from '../../../model/log-level.js';
import { readSetting } from '../../../sys/files/sysctl.js';
import type { UndoJournal } from './undo-journal.js';

const SETTING = 'net/ipv4/igmp_link_local_mcast_reports';

export class LocalIgmp {
  constructor(
    readonly undoJournal: UndoJournal,
    readonly log: Log,
  ) {}

  /** @throws SystemError */
  configure(disabled: boolean): void {
    if (!disabled) {
      this.undoJournal.restore((path) => path === SETTING);
    } else if (readSetting(SETTING) === undefined) {
      this.log('warning', `kernel does not support /proc/sys/${SETTING}`);
    } else {
      this.undoJournal.change([[SETTING, '0']]);
    }
  }
}
