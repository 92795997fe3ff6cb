// The root of keepalived.conf without the big blocks: namespaces, pid files, static objects (keepalived.conf(5)).
import type { RootSettings } from '../../../../model/keepalived/global.js';
import type { HostAddress, HostRoute, HostRule } from '../../../../model/keepalived/network.js';
import { type Report, reportProblem } from '../../diagnostics/report.js';
import type { Statement, Values, Word } from '../../keyword.js';
import { readTime } from '../../values/number.js';
import { blocksOf, has, linesOf, listOf, nameOf, numberOf, textOf, wordsOf } from '../../values/values.js';
import { Line } from '../line.js';
import { buildAddress } from '../network/address.js';
import type { NumberNames } from '../network/number-names.js';
import { buildRoute } from '../network/route.js';
import { buildRule, type numberRules } from '../network/rule.js';
import { optional } from '../optional-property.js';

/** What reading the lines of a static block needs. */
export interface StaticContext {
  readonly report: Report;
  readonly names: NumberNames;
  readonly defaultInterface: string;
  /** Assigns preferences to rules without one, counted over the whole file. */
  readonly numberRule: ReturnType<typeof numberRules>;
}

type TrackGroup = RootSettings['trackGroups'][number];
type InterfaceDelay = RootSettings['interfaceDelays'][number];

function buildTrackGroups(root: Values, report: Report): readonly TrackGroup[] {
  const groups = new Map<string, TrackGroup>();
  for (const block of blocksOf(root, 'track_group')) {
    const name = nameOf(block);
    const instances = listOf(block, 'group').map((word) => word.text);
    if (groups.has(name)) report('track-group-twice', block.at, { name });
    else {
      if (instances.length === 0 && has(block, 'group')) report('track-group-empty', block.at, { name });
      groups.set(name, { name, instances });
    }
  }
  return [...groups.values()];
}

/** `IF DOWN [UP]`, seconds 0..255. */
function buildDelay(statement: Statement, report: Report): InterfaceDelay | undefined {
  const line = new Line(statement, report);
  const name = line.take()!;
  const read = (word: Word): number | undefined => {
    const { value, problem } = readTime(word.text, { minUs: 0, maxUs: 255_000_000 });
    if (problem !== undefined) reportProblem(line.report, word.at, problem);
    return value;
  };
  const [down, up] = [line.take(), line.take()];
  if (down === undefined) {
    report('interface-delay-missing', name.at, { name: name.text });
    return undefined;
  }
  const downUs = read(down);
  const upUs = up === undefined ? downUs : read(up);
  return downUs === undefined || upUs === undefined ? undefined : { interface: name.text, downUs, upUs };
}

/** `IF [MII|ETHTOOL|IOCTL]`: it has no effect, but mistakes are reported. */
function reportLinkbeat(statement: Statement, report: Report): void {
  const [type, more] = statement.words;
  if (type === undefined || (more === undefined && ['MII', 'ETHTOOL', 'IOCTL'].includes(type.text))) return;
  report('linkbeat-extra-words', type.at, { type: type.text });
}

/** The lines of a list that could be read. */
const all = <T>(lines: readonly Statement[], read: (line: Statement) => T | undefined): readonly T[] =>
  lines.map(read).filter((one) => one !== undefined);

/**
 * As in keepalived, only groups defined above a line are found. The order of lines in different files is unknown; there any group counts.
 */
function groupsBefore(root: Values, line: Statement): ReadonlySet<string> {
  const before = (block: Values): boolean => block.at.file !== line.keyword.at.file || block.at.line < line.keyword.at.line;
  return new Set(blocksOf(root, 'track_group').filter(before).map(nameOf));
}

function statics(
  root: Values,
  { report, names, defaultInterface, numberRule }: StaticContext,
): {
  readonly staticAddresses: readonly HostAddress[];
  readonly staticRoutes: readonly HostRoute[];
  readonly staticRules: readonly HostRule[];
} {
  const context = (line: Statement) => ({ report, names, trackGroups: groupsBefore(root, line) });
  return {
    staticAddresses: all(linesOf(root, 'static_ipaddress'), (line) => {
      const address = buildAddress(line, context(line));
      return address && { dev: defaultInterface, ...address };
    }),
    staticRoutes: all(linesOf(root, 'static_routes'), (line) => buildRoute(line, context(line))),
    staticRules: all(linesOf(root, 'static_rules'), (line) => {
      const rule = buildRule(line, context(line));
      return rule && numberRule(rule, line, report);
    }),
  };
}

export function buildRoot(root: Values, context: StaticContext): RootSettings {
  for (const line of linesOf(root, 'linkbeat_interfaces')) reportLinkbeat(line, context.report);
  return {
    ...optional('netNamespace', textOf(root, 'net_namespace')),
    ...optional('ipvsNamespace', has(root, 'net_namespace_ipvs') ? (wordsOf(root, 'net_namespace_ipvs')?.[0]?.text ?? '') : undefined),
    ...optional('instanceName', textOf(root, 'instance')),
    usePidDirectory: has(root, 'use_pid_dir'),
    childWaitUs: (numberOf(root, 'child_wait_time') ?? 5) * 1_000_000,
    ...statics(root, context),
    trackGroups: buildTrackGroups(root, context.report),
    interfaceDelays: all(linesOf(root, 'interface_up_down_delays'), (line) => buildDelay(line, context.report)),
  };
}
