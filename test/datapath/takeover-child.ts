// In the namespace of a director: what another build than this one would do there.
//   load OBJECT BUCKETS auto|tc|xdp    loads the tables with these programs
//   mark LAYOUTS                       makes the tables those of a build with these numbers
//   take PLAIN TAKEOVER LAYOUTS LAYOUT [N]
//                                      takes over this build's tables, or goes on with it, and prints how many connections moved; it is killed
//                                      before its Nth step that another process can meet: a pin, a name, a link, a page of connections or a
//                                      store of `conf`
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { Bridge, Conf } from '../../src/datapath/ebpf/abi.gen.js';
import { AttachedInterfaces } from '../../src/datapath/ebpf/load/attached-interfaces.js';
import { load } from '../../src/datapath/ebpf/load/load.js';
import { finishTakeover, type Taker, takeOver } from '../../src/datapath/ebpf/load/takeover.js';
import { asWriter } from '../../src/datapath/ebpf/open.js';
import { Bpffs } from '../../src/datapath/ebpf/pins/bpffs.js';
import { type Layouts, pinLayouts } from '../../src/datapath/ebpf/table/layout.js';
import { Tables } from '../../src/datapath/ebpf/table/tables.js';
import { BpfMap, Link, Program } from '../../src/sys/bpf/bpf-objects.js';
import { type Field, Records } from '../../src/sys/bpf/records.js';
import { using } from '../../src/sys/fd.js';
import { Netlink } from '../../src/sys/netlink/netlink.js';
import { replace } from '../support/replaced.js';

/** `conf.layout` of the build before. */
const LAYOUT_BEFORE = 1;

const bpffs = Bpffs.ensure();
const folder = bpffs.folder();

function loadOther(object: string, buckets: number, attach: number): void {
  const { conf } = load(folder, { connBuckets: buckets }, { file: object });
  conf.set(0, Conf.attachMode, attach);
  // The self-check knows only where this build would put its connections.
  using(BpfMap.pinned(`${folder}/conns`), (map) => new Uint8Array(map.mmap(map.info().valueSize * buckets, true)).fill(0));
}

function mark(layouts: Layouts): void {
  pinLayouts(folder, layouts);
  new Tables(folder).conf.set(0, Conf.layout, LAYOUT_BEFORE);
}

/** From here on this process is killed before its nth step. */
function killedAt(nth: number, conf: Records): void {
  let steps = 0;
  const step = (counts: boolean): void => {
    if (counts) steps += 1;
    if (counts && steps === nth) process.kill(process.pid, 'SIGKILL');
  };
  /** `isStep`: of a call, by what it is called of and its arguments. */
  const stepwise = <T extends object>(of: T, name: keyof T & string, isStep: (self: object, ...args: never[]) => boolean): void => {
    replace(of, name, (self, args, was) => {
      step(isStep(self, ...(args as readonly unknown[] as never[])));
      return was();
    });
  };
  for (const { prototype } of [BpfMap, Program, Link]) stepwise(prototype, 'pin', () => true);
  stepwise(Link.prototype, 'update', () => true);
  stepwise(Program.prototype, 'test', (_, { flags }: Parameters<Program['test']>[0]) => flags !== undefined && flags !== 0);
  stepwise(Records.prototype, 'set', (self, _: number, field: Field) => self === conf || field === Bridge.phase);
  for (const name of ['renameSync', 'rmSync'] as const) stepwise(fs, name, (_, path: string) => path.startsWith(`${folder}/`));
  syncBuiltinESMExports();
}

function take({ nth, ...taker }: Taker & { readonly nth: number }): number {
  const tables = new Tables(folder);
  if (nth > 0) killedAt(nth, tables.conf);
  return using(new Netlink(), (netlink) => {
    const moving = { folder, tables, interfaces: new AttachedInterfaces(folder, tables, netlink) };
    const begun = tables.conf.get(0, Conf.layout) === taker.layout;
    return (begun ? finishTakeover(moving, taker) : takeOver(moving, taker))?.connections ?? 0;
  });
}

const [what, first = '', second = '', third = '', layout, nth = 0] = process.argv.slice(2);
asWriter(bpffs.lockPath(), {}, () => {
  if (what === 'load') loadOther(first, Number(second), ['auto', 'tc', 'xdp'].indexOf(third));
  if (what === 'mark') mark(JSON.parse(first) as Layouts);
  if (what !== 'take') return;
  const moved = take({ plain: first, bridge: second, layouts: JSON.parse(third) as Layouts, layout: Number(layout), nth: Number(nth) });
  process.stdout.write(`${moved}\n`);
});
