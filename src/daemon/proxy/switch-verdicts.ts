// What checks found of the servers of pools, for content switching in the same network namespace: a server that is down gets no connection there, too.
import { Bpffs } from '../../datapath/ebpf/pins/bpffs.js';
import { hasSwitchProgram } from '../../datapath/ebpf/switch/switch-maps.js';
import { writeOuts } from '../../datapath/ebpf/switch/switch-outs.js';
import { endpointText } from '../../model/endpoint-text.js';
import type { Log } from '../../model/log-level.js';
import type { DestinationKey } from '../../model/service.js';
import { repeatedWork } from '../process/optional-work.js';

export class SwitchVerdicts {
  /** undefined: nothing yet. What another process has left is judged again. */
  #written: ReadonlySet<string> | undefined;
  readonly #attempt: (work: () => void) => void;

  constructor(log: Log) {
    this.#attempt = repeatedWork((reason) => log('warning', `content switching cannot be given the verdicts of checks: ${reason}`));
  }

  /** These servers are out. Called again and again, since content switching may begin, and end, meanwhile. */
  write(outs: readonly DestinationKey[]): void {
    this.#attempt(() => {
      const folder = Bpffs.find()?.path();
      if (folder === undefined || !hasSwitchProgram(folder)) return;
      writeOuts(folder, outs, this.#written);
      this.#written = new Set(outs.map((server) => endpointText(server)));
    });
  }
}
