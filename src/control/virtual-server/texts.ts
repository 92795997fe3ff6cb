// The log lines about virtual servers that are not served as the file asks. Pure.
import { type Shortfall, unservedText } from '../../model/keepalived/served-as.js';

/** The log line about a virtual server that cannot be served. `kept`: some of its services were served before a reload. */
export function notServedMessage(entry: Shortfall, kept: boolean): string {
  const what = `virtual server ${entry.server.name} cannot be served as the configuration states: ${unservedText(entry)}`;
  return kept ? `${what} - what was served before the reload stays as it was` : what;
}

/** The log lines about what a virtual server is served without. */
export const withoutMessages = ({ server, without }: Shortfall): readonly string[] =>
  without.map(({ what, meanwhile }) => `virtual server ${server.name} is served without ${what}: ${meanwhile}`);
