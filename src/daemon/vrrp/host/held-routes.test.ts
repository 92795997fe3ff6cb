// Routes put in by name: of VRFs, whose tables the kernel knows, and what is logged about those that are refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from '../../../model/address-text.js';
import type { HostRoute } from '../../../model/keepalived/network.js';
import type { Netlink } from '../../../sys/netlink/netlink.js';
import type { NetlinkRequest } from '../../../wire/netlink.js';
import { decodeRoute } from '../../../wire/rtnetlink-route.js';
import { HeldRoutes } from './held-routes.js';

const route: HostRoute = {
  family: 'inet',
  type: 'unicast',
  to: { address: parseAddress('10.80.0.0')!, length: 24 },
  nextHops: [],
  onlink: false,
  metrics: [],
  insert: 'prepend',
  noTrack: false,
  dev: 'eth1',
};

/** Routes in a kernel whose answers are given. */
function onKernel() {
  const asked: string[] = [];
  const logged: string[] = [];
  const tables = new Map<string, number>();
  const kernel = { refusal: undefined as string | undefined };
  const change = ({ type, payload }: NetlinkRequest): void => {
    if (kernel.refusal !== undefined) {
      throw Object.assign(new Error(`${kernel.refusal}: refused`), { code: kernel.refusal, errno: 1, syscall: 'netlink' });
    }
    asked.push(`${type === 24 ? 'add' : 'delete'} in ${decodeRoute(payload)?.table}`);
  };
  const links = { indexOf: () => 7, vrfTable: (name: string) => tables.get(name) };
  const routes = new HeldRoutes({ change, port: 1 } as unknown as Netlink, links, (_level, text) => logged.push(text));
  return { routes, asked, logged, tables, kernel };
}

test('a route of a VRF goes to its table, and leaves it when the VRF is gone', () => {
  const { routes, asked, logged, tables } = onKernel();
  const inRed = { ...route, vrf: 'red' };
  routes.addRoutes('VI_1', [inRed]);
  assert.deepEqual([asked, logged], [[], ['Netlink: error: ENODEV: no VRF red']]);
  assert.deepEqual(routes.lackedRoutes([inRed]), [inRed]);
  tables.set('red', 77);
  routes.addRoutes('VI_1', [inRed]);
  assert.deepEqual(routes.lackedRoutes([inRed, route]), [route]);
  tables.clear();
  routes.removeRoutes('VI_1', [inRed]);
  assert.deepEqual(asked, ['add in 77', 'delete in 77']);
});

test('a refusal is logged once until it is another, or over', () => {
  const { routes, logged, kernel } = onKernel();
  const tries = ['EINVAL', 'EINVAL', 'ENETUNREACH', undefined, 'EINVAL'];
  for (const refusal of tries) {
    kernel.refusal = refusal;
    routes.addRoutes('VI_1', [route]);
    assert.equal(routes.lackedRoutes([route]).length, refusal === undefined ? 0 : 1);
  }
  assert.deepEqual(
    logged,
    ['EINVAL', 'ENETUNREACH', 'EINVAL'].map((code) => `Netlink: error: ${code}: refused`),
  );
  kernel.refusal = 'EEXIST';
  routes.addRoutes('VI_1', [route]);
  assert.deepEqual([logged.length, routes.lackedRoutes([route])], [3, []], 'one that is there is as good as put in');
});
