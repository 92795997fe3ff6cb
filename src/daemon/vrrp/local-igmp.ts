// disable_local_igmp: the host reports no link-local multicast groups by IGMP while we run, VRRP's own among them.
import { isSystemError } from '../../sys/errno.js';
import { readSetting, writeSetting } from '../../sys/proc-sys.js';
import type { LogLevel } from './vrrp-process.js';

const SETTING = 'net/ipv4/igmp_link_local_mcast_reports';

export class LocalIgmp {
  /** We turned reports off, and they go on when we stop. */
  #changed = false;

  constructor(private readonly log: (level: LogLevel, text: string) => void) {}

  configure(disabled: boolean): void {
    if (disabled === this.#changed) return;
    if (!disabled) {
      this.restore();
      return;
    }
    const now = readSetting(SETTING);
    if (now === undefined) this.log('warning', `kernel does not support /proc/sys/${SETTING}`);
    else if (now !== '0') this.#changed = this.#write('0');
  }

  restore(): void {
    if (this.#changed) this.#write('1');
    this.#changed = false;
  }

  #write(value: string): boolean {
    try {
      writeSetting(SETTING, value);
      return true;
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.log('warning', `Unable to write /proc/sys/${SETTING}: ${error.message}`);
      return false;
    }
  }
}
