// A keepalived configuration as data, for tests of what runs on it: empty, or with one instance, plus a test's changes.
import type { KeepalivedConfiguration } from '../../src/model/keepalived/configuration.js';
import type { GlobalSettings, RootSettings } from '../../src/model/keepalived/global.js';
import type { VrrpInstance } from '../../src/model/keepalived/instance.js';
import { configurationOf, hostAddress, instanceOf } from '../../src/sim/vrrp/configuration.js';
import { ip } from './ip.js';

export const emptyConfiguration: KeepalivedConfiguration = configurationOf({});
export const emptyGlobal: GlobalSettings = emptyConfiguration.global;
export const emptyRoot: RootSettings = emptyConfiguration.root;

/** VI_1: version 2, VRID 51 on eth0, priority 100, one address 10.99.0.100/32. */
export const oneInstance: VrrpInstance = instanceOf({ name: 'VI_1', vrid: 51, addresses: [hostAddress(ip('10.99.0.100'))] });
