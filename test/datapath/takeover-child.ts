// In the namespace of a director: what another build than this one would do there.
//   load OBJECT BUCKETS auto|tc|xdp    loads the tables with these programs
//   mark LAYOUTS                       makes the tables those of a build with these numbers
//   take PLAIN TAKEOVER LAYOUTS LAYOUT [N]
//                                      takes over this build's tables, or goes on with it, and prints how many connections moved; it is killed
//                                      before its Nth step that another process can meet: a pin, a name, a link, a page of connections or a
//                                      store of `conf`
import { Bridge, Conf } from '../../src/datapath/ebpf/abi.gen.js';
import { AttachedInterfaces } from '../../src/datapath/ebpf/load/attached-interfaces.js';
import { load } from '../../src/datapath/ebpf/load/load.js';
import { finishTakeover, type Taker, takeOver } from '../../src/datapath/ebpf/load/takeover.js';
import { asWriter } from '../../src/datapath/ebpf/open.js';
import { Bpffs } from '../../src/datapath/ebpf/pins/bpffs.js';
import { type Layouts, pinLayouts } from '../../src/datapath/ebpf/table/layout.js';
import { Tables } from '../../src/datapath/ebpf/table/tables.js';
import { BpfMap } from '../../src/sys/bpf/bpf-objects.js';
import { using } from '../../src/sys/fd.js';
import { Netlink } from '../../src/sys/netlink/netlink.js';
import { killedAt } from './killed-steps.js';

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

function take({ nth, ...taker }: Taker & { readonly nth: number }): number {
  const tables = new Tables(folder);
  if (nth > 0) killedAt(nth, folder, (self, field) => self === tables.conf || field === Bridge.phase);
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
