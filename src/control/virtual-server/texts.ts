// The log lines about virtual servers that are not served. Pure.
import { type UnservedServer, unservedText } from '../../model/keepalived/unserved.js';

/** The log line about a virtual server that cannot be served. `kept`: some of its services were served before a reload. */
export function notServedMessage(entry: UnservedServer, kept: boolean): string {
  const what = `virtual server ${entry.server.name} cannot be served as the configuration states: ${unservedText(entry)}`;
  return kept ? `${what} - what was served before the reload stays as it was` : what;
}
