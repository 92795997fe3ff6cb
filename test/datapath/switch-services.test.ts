// The services of content switching, and an `apply` or a `clear` that was killed: every command still opens the tables, and the next one completes it.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { run as runExport } from '../../src/cli/commands/export.js';
import { run as runSwitch } from '../../src/cli/commands/switch.js';
import { memoryIo } from '../../src/cli/io.js';
import { readWeirFile } from '../../src/config/weir/read.js';
import { switchPlan } from '../../src/control/layer7/switch/switch-plan.js';
import { planDocument } from '../../src/control/plan/plan-document.js';
import type { EbpfDirector } from '../../src/datapath/ebpf/ebpf-director.js';
import type { AttachMode } from '../../src/datapath/ebpf/load/hook-choice.js';
import { openDirector } from '../../src/datapath/ebpf/open.js';
import { applySwitch, clearSwitch, switchedServices } from '../../src/datapath/ebpf/switch/apply-switch.js';
import { hasSwitch } from '../../src/datapath/ebpf/switch/switch-maps.js';
import { modeBesideSwitch, switchedInterfaces } from '../../src/datapath/ebpf/switch/switch-programs.js';
import { observeTable } from '../../src/document/table-facts.js';
import { isWeirError } from '../../src/model/errors/weir-error.js';
import type { SwitchPlan } from '../../src/model/layer7/switch-plan.js';
import { serviceWord } from '../../src/model/service-word.js';
import { ip } from '../support/ip.js';
import { type Bed, openBed, skipReason } from './bed.js';

const skip = skipReason();

/** One listener for each address, all with the same host. */
function planOf(...listeners: readonly string[]): SwitchPlan {
  const text = `layer7:
  listeners: { ${listeners.map((address, i) => `l${i}: "${address}"`).join(', ')} }
  pools: { one: { servers: ["10.0.2.11:80"] } }
  hosts: [{ server_name: [a.example], way: switch, locations: [{ location: /, pool: one }] }]
`;
  return switchPlan(readWeirFile(text).file.layer7 ?? assert.fail('no section layer7'));
}

const PLAN = planOf('10.0.1.100:80');

async function inBed(work: (bed: Bed, director: EbpfDirector) => void | Promise<void>): Promise<void> {
  const bed = openBed();
  try {
    await work(bed, bed.director as EbpfDirector);
  } finally {
    bed.close();
  }
}

/** Its maps without its program. A link ends with its pin. */
function leaveMaps({ folder }: Bed): void {
  for (const name of readdirSync(folder)) if (/^(weir_switch|switch_link_\d+)$/.test(name)) rmSync(`${folder}/${name}`);
  assert.ok(hasSwitch(folder));
}

test('maps without a program keep no command from the tables', { skip }, () =>
  inBed((bed, director) => {
    applySwitch(director, PLAN);
    const interfaces = switchedInterfaces(bed.folder);
    assert.ok(interfaces.length > 0);
    leaveMaps(bed);
    openDirector().close();
    assert.deepEqual(switchedInterfaces(bed.folder), []);
    applySwitch(director, PLAN);
    assert.deepEqual(switchedInterfaces(bed.folder), interfaces);
    leaveMaps(bed);
    for (const name of ['switch_ports', 'switch_pools', 'switch_programs']) rmSync(`${bed.folder}/${name}`);
    openDirector().close();
    assert.equal(clearSwitch(director), true);
    assert.deepEqual([hasSwitch(bed.folder), director.services()], [false, []]);
    assert.equal(existsSync(`${bed.folder}/switch_paths`), false);
  }),
);

test('apply of a file in which nothing is switched any more ends what is switched, and is refused where nothing is', { skip }, () =>
  inBed(async (_bed, director) => {
    const folder = mkdtempSync(join(tmpdir(), 'weir-switch-'));
    const file = join(folder, 'weir.yaml');
    writeFileSync(
      file,
      'layer7:\n  listeners: { web: "10.0.1.100:80" }\n  pools: { one: { servers: ["10.0.2.11:80"] } }\n  hosts: [{ locations: [{ location: /, pool: one }] }]\n',
    );
    applySwitch(director, planOf('10.0.1.100:80'));
    const shown = memoryIo();
    assert.equal(await runSwitch(['status'], shown), 0);
    assert.match(shown.stdout, /^1 host, 1 path, \d+ interfaces?, 0 connections$/m);
    const io = memoryIo();
    assert.equal(await runSwitch(['apply', '--config', file], io), 0);
    assert.match(io.stdout, /no location has way: .*nothing is switched any more\n$/);
    assert.deepEqual(director.services(), []);
    const again = memoryIo();
    assert.equal(await runSwitch(['apply', '--config', file], again), 2);
    assert.match(again.stderr, /no location has way/);
    rmSync(folder, { recursive: true });
  }),
);

test('a switched service that someone else deleted is not shown as switched', { skip }, () =>
  inBed(async (_bed, director) => {
    applySwitch(director, planOf('10.0.1.100:80', '10.0.1.101:80'));
    director.deleteService(director.service({ kind: 'address', protocol: 'tcp', address: ip('10.0.1.100'), port: 80 }).spec.key);
    const io = memoryIo();
    assert.equal(await runSwitch(['status'], io), 0);
    assert.match(io.stdout, /^switched: tcp:10\.0\.1\.101:80\ndeleted, and the proxy's now: tcp:10\.0\.1\.100:80 \(weir switch apply/);
  }),
);

test('services of listeners that went are deleted before their listeners, by whomever', { skip }, () =>
  inBed((bed, director) => {
    const [first, second, third] = ['10.0.1.100:80', '10.0.1.101:80', '10.0.1.102:80'];
    applySwitch(director, planOf(first, second, third));
    const gone = director.services().map(({ spec }) => spec.key);
    assert.equal(gone.length, 3);
    const [deleted] = switchedServices(bed.folder).filter((key) => serviceWord(key).includes(third));
    director.deleteService(deleted ?? assert.fail('it is switched'));
    const listenersThen: number[] = [];
    const { deleteService } = director;
    director.deleteService = (key) => {
      listenersThen.push(switchedServices(bed.folder).length);
      deleteService.call(director, key);
    };
    applySwitch(director, planOf(first));
    assert.deepEqual([listenersThen, switchedServices(bed.folder).length, director.services().length], [[3], 1, 1]);
  }),
);

test('while something is switched XDP is refused, and attached again only after', { skip }, () =>
  inBed(({ folder }, director) => {
    applySwitch(director, PLAN);
    assert.throws(
      () => openDirector({ attach: 'xdp' }),
      (error: unknown) => isWeirError(error, 'switch-needs-tc'),
    );
    assert.deepEqual(
      ['auto', 'xdp'].map((before) => modeBesideSwitch(folder, undefined, before as AttachMode)),
      ['tc', 'tc'],
    );
    assert.equal(modeBesideSwitch(folder, 'auto', 'auto'), 'tc');
    clearSwitch(director);
    assert.deepEqual([modeBesideSwitch(folder, undefined, 'auto'), modeBesideSwitch(folder, 'xdp', 'tc')], ['auto', 'xdp']);
  }),
);

async function exported(): Promise<{ readonly status: number; readonly text: string; readonly losses: readonly string[] }> {
  const io = memoryIo();
  const status = await runExport(['--json'], io);
  return { status, ...JSON.parse(io.stdout) };
}

test('a document leaves switched services to weir switch, and may not state them', { skip }, () =>
  inBed(async (_bed, director) => {
    applySwitch(director, PLAN);
    const [service] = director.services();
    const { steps, others } = planDocument({ services: [] }, observeTable());
    assert.deepEqual([steps, others.map(({ keptFor }) => keptFor)], [[], ['weir switch']]);
    const spec = service?.spec ?? assert.fail('a service');
    assert.equal(planDocument({ services: [{ spec, destinations: [] }] }, observeTable()).conflicts.length, 1);
    // An export has the other services alone, so that its plan is empty; it is not the whole table.
    const other = { ...spec, key: { ...spec.key, kind: 'address', protocol: 'tcp', address: ip('10.0.1.101'), port: 81 } } as const;
    director.addService(other);
    const { status, text, losses } = await exported();
    assert.deepEqual([status, losses.length], [3, 1]);
    assert.match(losses[0] ?? '', /^tcp:10\.0\.1\.100:80 is left out: weir switch/);
    const { file, faults } = readWeirFile(text);
    assert.deepEqual([faults, file.table?.services?.map((each) => each.spec.key)], [[], [other.key]]);
    const planned = planDocument(file.table ?? { services: [] }, observeTable());
    assert.deepEqual([planned.steps, planned.conflicts], [[], []]);
    director.deleteService(other.key);
    clearSwitch(director);
    assert.deepEqual(observeTable().owners, new Map());
    assert.equal((await exported()).status, 0);
  }),
);
