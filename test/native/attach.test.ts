// Programs on devices of a namespace that is not ours: XDP and tcx links, clsact filters, and how they fail.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { native } from '../../src/sys/addon.js';
import { ATTACH_TCX_EGRESS, ATTACH_TCX_INGRESS, ATTACH_XDP, ObjectFile, type Program } from '../../src/sys/bpf/bpf-objects.js';
import { openFds } from '../../src/sys/fd.js';
import { Netns } from '../../src/sys/namespaces/netns.js';
import { removeNetns } from '../../src/sys/namespaces/remove-netns.js';
import { compileObject, EBADF, EINVAL, ENOENT, fails, fdCount, needsBpf } from './support.js';

const n = native();
const name = `sys-attach-${process.pid}`;
const ip = (...args: string[]) => execFileSync('ip', ['-n', name, ...args]);

let netns: Netns;
let xdp: Program;
let tc: Program;
let device = 0;

before(() => {
  if (needsBpf.skip !== false) return;
  execFileSync('ip', ['netns', 'add', name]);
  ip('link', 'add', 'here', 'type', 'veth', 'peer', 'name', 'there');
  netns = Netns.byName(name);
  device = netns.ifIndex('here');
  const object = compileObject();
  const file = new ObjectFile(object.path).load();
  xdp = file.program('count');
  tc = file.program('mark');
  file.close();
  object.remove();
});

after(() => {
  if (needsBpf.skip !== false) return;
  for (const owner of [xdp, tc, netns]) owner?.close();
  assert.equal(removeNetns(name), undefined);
});

/** Whether this kernel has tcx; older ones have clsact only. */
function hasTcx(): boolean {
  try {
    n.bpfProgQuery(device, ATTACH_TCX_INGRESS, netns.fd.number);
    return true;
  } catch {
    return false;
  }
}

test('an XDP link: attach, ask, update, detach', needsBpf, () => {
  const [fds, owned] = [fdCount(), openFds()];
  const ns = netns.fd.number;
  const query = () => n.bpfProgQuery(device, ATTACH_XDP, ns);
  assert.deepEqual(query(), []);
  const link = xdp.attach(device, ATTACH_XDP, 4, ns);
  assert.deepEqual(query(), [xdp.id()]);
  const info = link.info();
  assert.deepEqual([info.type, info.progId, info.ifindex, info.attachType], [6, xdp.id(), device, ATTACH_XDP]);
  fails(() => xdp.attach(device, ATTACH_XDP, 4, ns), 'EBUSY', 16, 'bpf_link_create');
  fails(() => link.update(tc), 'EINVAL', EINVAL, 'bpf_link_update');
  link.update(xdp);
  link.detach();
  assert.deepEqual(query(), []);
  assert.equal(link.info().ifindex, 0);
  link.close();
  link.close();
  assert.deepEqual([fdCount(), openFds()], [fds, owned]);
});

test('tcx links stand in order, both ways', needsBpf, (t) => {
  if (!hasTcx()) return t.skip('probe tcx: this needs Linux 6.6');
  const ns = netns.fd.number;
  const links = [ATTACH_TCX_INGRESS, ATTACH_TCX_EGRESS].map((hook) => tc.attach(device, hook, 0, ns));
  for (const [index, hook] of [ATTACH_TCX_INGRESS, ATTACH_TCX_EGRESS].entries()) {
    assert.deepEqual(n.bpfProgQuery(device, hook, ns), [tc.id()]);
    const info = links[index]?.info();
    assert.deepEqual([info?.type, info?.progId, info?.ifindex, info?.attachType], [11, tc.id(), device, hook]);
  }
  for (const link of links) link.close();
  assert.deepEqual(n.bpfProgQuery(device, ATTACH_TCX_INGRESS, ns), []);
});

test('a device that goes leaves its link behind, on nothing', needsBpf, () => {
  ip('link', 'add', 'short', 'type', 'veth', 'peer', 'name', 'lived');
  const link = xdp.attach(netns.ifIndex('short'), ATTACH_XDP, 2, netns.fd.number);
  ip('link', 'delete', 'short');
  assert.equal(link.info().ifindex, 0);
  assert.throws(() => link.update(xdp), { code: 'ENOLINK', syscall: 'bpf_link_update' });
  link.close();
});

test('clsact: attach, replace, ask, detach', needsBpf, () => {
  const ns = netns.fd.number;
  const [handle, priority] = [0x77, 0xc0];
  fails(() => n.bpfTcQuery(device, false, handle, priority, ns), 'EINVAL', EINVAL, 'bpf_tc_query'); // no clsact yet
  for (const egress of [false, true]) {
    n.bpfTcAttach(tc.fd.number, device, egress, handle, priority, ns);
    n.bpfTcAttach(tc.fd.number, device, egress, handle, priority, ns);
    assert.equal(n.bpfTcQuery(device, egress, handle, priority, ns), tc.id());
    fails(() => n.bpfTcQuery(device, egress, handle + 1, priority, ns), 'ENOENT', ENOENT, 'bpf_tc_query');
    n.bpfTcDetach(device, egress, handle, priority, ns);
    fails(() => n.bpfTcDetach(device, egress, handle, priority, ns), 'ENOENT', ENOENT, 'bpf_tc_detach');
  }
});

test('what cannot be attached, and where', needsBpf, () => {
  const before = fdCount();
  const ns = netns.fd.number;
  const nowhere = 1 << 30;
  fails(() => n.bpfLinkCreate(1 << 20, device, ATTACH_XDP, 0, ns), 'EBADF', EBADF, 'bpf_link_create');
  fails(() => xdp.attach(nowhere, ATTACH_XDP, 0, ns), 'EINVAL', EINVAL, 'bpf_link_create');
  fails(() => xdp.attach(0, ATTACH_XDP, 0, ns), 'EINVAL', EINVAL, 'bpf_link_create');
  fails(() => tc.attach(device, ATTACH_XDP, 0, ns), 'EINVAL', EINVAL, 'bpf_link_create');
  fails(() => xdp.attach(device, ATTACH_XDP, 0, 1 << 20), 'EBADF', EBADF, 'setns');
  fails(() => n.bpfLinkUpdate(1 << 20, xdp.fd.number), 'EBADF', EBADF, 'bpf_link_update');
  fails(() => n.bpfLinkDetach(1 << 20), 'EBADF', EBADF, 'bpf_link_detach');
  fails(() => n.bpfLinkInfo(1 << 20), 'EBADF', EBADF, 'bpfLinkInfo');
  fails(() => n.bpfProgId(1 << 20), 'EBADF', EBADF, 'bpfProgId');
  fails(() => n.bpfProgQuery(device, 1, ns), 'EINVAL', EINVAL, 'bpfProgQuery');
  fails(() => n.bpfTcAttach(tc.fd.number, nowhere, false, 1, 1, ns), 'ENODEV', 19, 'bpf_tc_hook_create');
  fails(() => n.bpfTcAttach(1 << 20, device, false, 1, 1, ns), 'EBADF', EBADF, 'bpf_tc_attach');
  fails(() => n.bpfTcAttach(tc.fd.number, device, false, 0, 1, ns), 'EINVAL', EINVAL, 'bpf_tc_attach');
  fails(() => n.bpfTcAttach(tc.fd.number, device, false, 1, 65536, ns), 'EINVAL', EINVAL, 'bpf_tc_attach');
  assert.equal(fdCount(), before);
});

test('descriptors of another kind are recognised', needsBpf, () => {
  fails(() => n.bpfMapInfo(xdp.fd.number), 'EINVAL', EINVAL, 'bpfMapInfo');
  const map = n.bpfMapCreate(2, 'kind', 4, 8, 1);
  fails(() => n.bpfProgId(map), 'EINVAL', EINVAL, 'bpfProgId');
  fails(() => n.bpfLinkInfo(map), 'EINVAL', EINVAL, 'bpfLinkInfo');
  n.close(map);
});
