// What `weir upgrade --check` prints. Pure.
import type { Upgrade, UpgradedTable, UpgradeStep } from '../../datapath/ebpf/observe/upgrade.js';
import { counted } from '../../model/counted.js';

const MEBIBYTE = 2 ** 20;

const HEADS: Readonly<Record<UpgradeStep, string>> = {
  load: 'nothing is loaded here: weir load loads this build',
  none: 'the programs of this build run already: weir load changes none',
  exchange: 'weir load replaces the programs that run by those of this build, interface by interface; no packet is lost',
  finish: 'weir load ends what a killed command had begun, then the programs of this build run; no packet is lost',
  'take-over': 'weir load takes over the tables of the build before, under traffic; no packet is lost',
  busy: 'another command is moving the tables: ask again when it has ended',
  elsewhere: 'another build has begun to move these tables: run its weir load first, which ends that; this build refuses them until then',
  refused: 'weir load of this build refuses these tables: nothing is touched, and packets go on',
};

const KEPT: ReadonlySet<UpgradeStep> = new Set(['none', 'exchange', 'finish', 'take-over']);

function tableLine({ table, connections, fate, into }: UpgradedTable): string {
  const head = `  ${table}: ${connections === null ? 'connections of a number that this build cannot read' : counted(connections, 'connection')}`;
  if (fate === 'stay') return `${head}, kept as they are`;
  if (fate === 'lost' || into === null) return `${head}, lost with weir unload`;
  return `${head}, moved into a table with room for ${into.room}`;
}

function memoryLine(tables: readonly UpgradedTable[]): readonly string[] {
  const bytes = tables.reduce((sum, { into }) => sum + (into?.bytes ?? 0), 0);
  return bytes === 0 ? [] : [`memory that is needed besides until all have moved: ${Math.ceil(bytes / MEBIBYTE)} MiB`];
}

function restLines({ step, maps }: Upgrade): readonly string[] {
  if (KEPT.has(step)) return ['services, servers, settings and templates: kept as they are'];
  if (step !== 'refused') return [];
  return [
    `maps that have other layouts: ${maps.length === 0 ? 'not known, the loaded build kept no record of them' : maps.join(', ')}`,
    'to change builds, and lose all connections: ipvsadm-save -n > FILE and weir unload, both of the build that runs;',
    'then ipvsadm-restore < FILE of this build',
  ];
}

/** Lines, each ended. */
export function upgradeText(upgrade: Upgrade): string {
  const { step, build, tables } = upgrade;
  const runs = step === 'load' ? [] : [`programs that run: ${build === null ? 'of no one build' : `build ${build}`}`];
  const lines = [HEADS[step], ...runs, ...tables.map(tableLine), ...memoryLine(tables), ...restLines(upgrade)];
  return lines.map((line) => `${line}\n`).join('');
}
