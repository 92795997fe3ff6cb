// What layer 4's checks on this host found of the same servers: a daemon with a keepalived.conf publishes it, and its verdict counts here, too.
import { publishedChecks } from '../../host/published-checks.js';
import { endpointText } from '../../model/endpoint-text.js';
import { failedText } from '../../model/keepalived/server-health.js';
import type { DestinationKey } from '../../model/service.js';
import { native } from '../../sys/addon.js';

export interface Layer4Verdict {
  readonly isUp: boolean;
  readonly why: string;
  /** The part of its weight that it has in a slow start; 1: all. */
  readonly part: number;
}

/** Checks of virtual servers that are none of TCP do not count for HTTP. */
const NOT_TCP = /:(?:udp|sctp):\d+$/;

export class Layer4Verdicts {
  readonly #cookie = String(native().netnsCookie());
  #found: ReadonlyMap<string, Layer4Verdict> = new Map();

  /** Reads what daemons of this network namespace that live have published; of several verdicts a bad one counts. @throws SystemError */
  look(): void {
    const found = new Map<string, Layer4Verdict>();
    for (const { servers } of publishedChecks.living(this.#cookie)) {
      for (const { name, reals } of servers) {
        if (NOT_TCP.test(name)) continue;
        for (const { server, up, checks, unchecked, failed, weight, slowWeight } of reals) {
          if (checks === unchecked || found.get(server)?.isUp === false) continue;
          const part = slowWeight === undefined || weight === 0 ? 1 : slowWeight / weight;
          found.set(server, { isUp: up, why: up ? '' : `layer 4, ${name}: ${failed.map(failedText).join('; ')}`, part });
        }
      }
    }
    this.#found = found;
  }

  of(server: DestinationKey): Layer4Verdict | undefined {
    return this.#found.get(endpointText(server));
  }
}
