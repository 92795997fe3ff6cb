// The lines of a plan about checks: which a reload begins and ends. A check is the same while it asks the same; its times may differ.
import { CHECK_NAMES } from '../../model/keepalived/check-names.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { Checker } from '../../model/keepalived/virtual-server.js';
import { checkerIdentity, realIdentity, serverIdentity } from '../check/identity.js';
import { realName } from '../check/names.js';
import { settingDifferences } from './differences.js';
import type { PlannedCheck } from './plan.js';

interface ServerCheck {
  readonly checker: Checker;
  readonly server: string;
  readonly virtualServer: string;
}

/** By what stays the same over a reload; the same check of one server twice has two ids. */
function checksOf(configuration: KeepalivedConfiguration | undefined): ReadonlyMap<string, ServerCheck> {
  const found = new Map<string, ServerCheck>();
  for (const virtual of configuration?.virtualServers ?? []) {
    for (const real of virtual.realServers) {
      for (const checker of real.checkers) {
        const base = `${serverIdentity(virtual)}\n${realIdentity(real)}\n${checkerIdentity(checker)}`;
        let id = base;
        for (let copy = 1; found.has(id); copy++) id = `${base}\n${copy}`;
        found.set(id, { checker, server: realName(real, virtual), virtualServer: virtual.name });
      }
    }
  }
  return found;
}

const line = (action: PlannedCheck['action'], { checker, server, virtualServer }: ServerCheck, old?: ServerCheck): PlannedCheck => ({
  action,
  check: CHECK_NAMES[checker.check.kind],
  server,
  virtualServer,
  differences: old === undefined ? [] : settingDifferences(old.checker.timing, checker.timing),
});

/** What ends comes first. */
export function planChecks(running: KeepalivedConfiguration | undefined, next: KeepalivedConfiguration): readonly PlannedCheck[] {
  const [before, after] = [checksOf(running), checksOf(next)];
  return [
    ...[...before].flatMap(([id, one]) => (after.has(id) ? [] : [line('remove', one)])),
    ...[...after].map(([id, one]) => {
      const old = before.get(id);
      if (old === undefined) return line('add', one);
      const same = settingDifferences(old.checker.timing, one.checker.timing).length === 0;
      return line(same ? 'keep' : 'change', one, old);
    }),
  ];
}
