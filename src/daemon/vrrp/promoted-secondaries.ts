// promote_secondaries: taking an interface's first address of a network off leaves the others of that network on it.
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import { isSystemError } from '../../sys/errno.js';
import { readSetting, writeSetting } from '../../sys/proc-sys.js';
import type { LogLevel } from './vrrp-process.js';

const pathOf = (name: string): string => `net/ipv4/conf/${name}/promote_secondaries`;

export class PromotedSecondaries {
  /** Interfaces that we changed. */
  readonly #changed = new Set<string>();

  constructor(private readonly log: (level: LogLevel, text: string) => void) {}

  configure({ instances }: KeepalivedConfiguration): void {
    const wanted = new Set(instances.flatMap((one) => (one.promoteSecondaries && one.interface !== undefined ? [one.interface] : [])));
    for (const name of [...this.#changed].filter((one) => !wanted.has(one))) {
      this.#put(name, '0');
      this.#changed.delete(name);
    }
    for (const name of wanted) {
      if (readSetting(pathOf(name)) === '0' && this.#put(name, '1')) {
        this.#changed.add(name);
      }
    }
  }

  #put(name: string, value: string): boolean {
    try {
      if (readSetting(pathOf(name)) !== undefined) {
        writeSetting(pathOf(name), value);
      }
      return true;
    } catch (error) {
      if (!isSystemError(error)) {
        throw error;
      }
      this.log('warning', `promote_secondaries on ${name}: ${error.message}`);
      return false;
    }
  }

  restore(): void {
    for (const name of this.#changed) {
      this.#put(name, '0');
    }
    this.#changed.clear();
  }
}
