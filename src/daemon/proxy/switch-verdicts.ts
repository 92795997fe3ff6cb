// What checks found of the servers of pools, for content switching in the same network namespace: a server that is down gets no connection there, too.
import { Bpffs } from '../../datapath/ebpf/pins/bpffs.js';
import { hasSwitchProgram } from '../../datapath/ebpf/switch/switch-maps.js';
import { writeOuts } from '../../datapath/ebpf/switch/switch-outs.js';
import { endpointText } from '../../model/endpoint-text.js';
import { isWeirError } from '../../model/errors/weir-error.js';
import type { Log } from '../../model/log-level.js';
import type { DestinationKey } from '../../model/service.js';
import { isSystemError } from '../../sys/errno.js';

export class SwitchVerdicts {
  /** undefined: nothing yet. What another process has left is judged again. */
  #written: ReadonlySet<string> | undefined;
  #trouble = '';

  constructor(readonly log: Log) {}

  /** These servers are out. Called again and again, since content switching may begin, and end, meanwhile. */
  write(outs: readonly DestinationKey[]): void {
    try {
      const folder = Bpffs.find()?.path();
      if (folder === undefined || !hasSwitchProgram(folder)) return;
      writeOuts(folder, outs, this.#written);
      this.#written = new Set(outs.map((server) => endpointText(server)));
      this.#trouble = '';
    } catch (error) {
      if (!isSystemError(error) && !isWeirError(error)) throw error;
      if (this.#trouble !== error.message)
        this.log('warning', `content switching cannot be given the verdicts of checks: ${error.message}`);
      this.#trouble = error.message;
    }
  }
}
