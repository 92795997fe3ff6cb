// The log lines about virtual servers and checkers that are not served or run, and about changes of the table. Pure.

import { capability } from '../../model/capabilities.js';
import type { Change } from '../../model/change.js';
import { CHECK_NAMES } from '../../model/keepalived/check-names.js';
import { type UnservedServer, unservedText } from '../../model/keepalived/unserved.js';
import type { VirtualServer } from '../../model/keepalived/virtual-server.js';
import { serverName } from './names.js';

/** A log names so many checkers one by one; the rest are counted. */
const NAMED = 20;

/** One line for each checker that is not run, and what that means for its server. */
export function checksNotRun(servers: readonly VirtualServer[]): readonly string[] {
  const { present, missing, meanwhile } = capability('health-checks');
  if (present) return [];
  const lines: string[] = [];
  let count = 0;
  for (const { name, protocol, realServers } of servers) {
    for (const real of realServers) {
      for (const { check } of real.checkers) {
        count += 1;
        if (count > NAMED) continue;
        const alpha = real.alpha ? ' (alpha or not)' : '';
        lines.push(`${CHECK_NAMES[check.kind]} of ${serverName(real, protocol)} of VS ${name} is not run yet: ${meanwhile}${alpha}`);
      }
    }
  }
  return count > NAMED ? [...lines, `and ${count - NAMED} more (${missing}): ${meanwhile}`] : lines;
}

/** The log line about a virtual server that cannot be served. `kept`: some of its services were served before a reload. */
export function notServedMessage(entry: UnservedServer, kept: boolean): string {
  const what = `virtual server ${entry.server.name} cannot be served as the configuration states: ${unservedText(entry)}`;
  return kept ? `${what} - what was served before the reload stays as it was` : what;
}

/** The log line about a change of one service at a reload. */
export function changeMessage(change: Change, name: string, protocol: string): string {
  switch (change.kind) {
    case 'add-service':
      return `Adding virtual server ${name}`;
    case 'edit-service':
      return `Changing virtual server ${name}`;
    case 'delete-service':
      return `Removing virtual server ${name}`;
    case 'add-destination':
      return `Adding service ${serverName(change.spec, protocol)} to VS ${name}`;
    case 'edit-destination':
      return `Changing service ${serverName(change.spec, protocol)} of VS ${name}`;
    case 'delete-destination':
      return `Removing service ${serverName(change.key, protocol)} from VS ${name}`;
  }
}
