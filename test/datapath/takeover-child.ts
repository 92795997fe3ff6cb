// In the namespace of a director: what another build than this one would do there.
//   load BUILD BUCKETS auto|tc|xdp [SERVICE]
//                                     loads the tables with the programs of this build (OtherBuild, as JSON), and those that a service (ServiceKey)
//                                     needs
//   mark LAYOUTS                      makes the tables those of a build with these numbers
//   take BUILD LAYOUT [N]             takes over the tables, or goes on with it, and prints how many connections moved; it is killed before its
//                                     Nth step that another process can meet: a pin, a name, a link, a page of connections or a store of `conf`
import assert from 'node:assert/strict';
import { Bridge, Conf } from '../../src/datapath/ebpf/abi.gen.js';
import { AttachedInterfaces } from '../../src/datapath/ebpf/load/attached-interfaces.js';
import { load } from '../../src/datapath/ebpf/load/load.js';
import { ensureSideBuilds } from '../../src/datapath/ebpf/load/side-builds.js';
import { finishTakeover, takeOver } from '../../src/datapath/ebpf/load/takeover.js';
import type { Taker } from '../../src/datapath/ebpf/load/takeover-tables.js';
import { asWriter } from '../../src/datapath/ebpf/open.js';
import { Bpffs } from '../../src/datapath/ebpf/pins/bpffs.js';
import { type Layouts, pinLayouts } from '../../src/datapath/ebpf/table/layout.js';
import { Tables } from '../../src/datapath/ebpf/table/tables.js';
import type { ServiceKey } from '../../src/model/service.js';
import { BpfMap } from '../../src/sys/bpf/bpf-objects.js';
import { using } from '../../src/sys/fd.js';
import { Netlink } from '../../src/sys/netlink/netlink.js';
import { killedAt } from './killed-steps.js';
import { filesOf, type OtherBuild } from './layouts.js';

/** `conf.layout` of the build before. */
const LAYOUT_BEFORE = 1;

const bpffs = Bpffs.ensure();
const folder = bpffs.folder();

function loadOther(build: OtherBuild, buckets: number, attach: number): void {
  const { conf } = load(folder, { connBuckets: buckets }, { file: filesOf(build)('weir.bpf.o') });
  conf.set(0, Conf.attachMode, attach);
  // The self-check knows only where this build would put its connections.
  using(BpfMap.pinned(`${folder}/conns`), (map) => new Uint8Array(map.mmap(map.info().valueSize * buckets, true)).fill(0));
}

function loadBeside(build: OtherBuild, key: ServiceKey): void {
  ensureSideBuilds(new Tables(folder), { key }, assert.fail, filesOf(build));
}

function mark(layouts: Layouts): void {
  pinLayouts(folder, layouts);
  new Tables(folder).conf.set(0, Conf.layout, LAYOUT_BEFORE);
}

function take({ nth, ...taker }: Taker & { readonly nth: number }): number {
  const tables = new Tables(folder);
  if (nth > 0) killedAt(nth, folder, (self, field) => self === tables.conf || field === Bridge.phase);
  return using(new Netlink(), (netlink) => {
    const moving = { folder, tables, interfaces: new AttachedInterfaces(folder, tables, netlink) };
    const begun = tables.conf.get(0, Conf.layout) === taker.layout;
    return (begun ? finishTakeover(moving, taker) : takeOver(moving, taker))?.connections ?? 0;
  });
}

const [what, first = '', second = '', third = '', service] = process.argv.slice(2);
asWriter(bpffs.lockPath(), {}, () => {
  if (what === 'load') loadOther(JSON.parse(first) as OtherBuild, Number(second), ['auto', 'tc', 'xdp'].indexOf(third));
  if (what === 'load' && service !== undefined) loadBeside(JSON.parse(first) as OtherBuild, JSON.parse(service) as ServiceKey);
  if (what === 'mark') mark(JSON.parse(first) as Layouts);
  if (what !== 'take') return;
  const build = JSON.parse(first) as OtherBuild;
  const moved = take({ fileOf: filesOf(build), layouts: build.layouts, layout: Number(second), nth: Number(third) });
  process.stdout.write(`${moved}\n`);
});
