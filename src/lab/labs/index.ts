// The built-in labs, in the order of the list.
import type { Lab } from '../definition/lab.js';
import { ansible } from './ansible.js';
import { cacheCluster } from './cache.js';
import { cacheTun } from './cache-tun.js';
import { dashboard } from './dashboard.js';
import { dr, dr6 } from './dr.js';
import { dr2 } from './dr-2.js';
import { drArp } from './dr-arp.js';
import { drFtp } from './dr-ftp.js';
import { drLocal } from './dr-local.js';
import { drRedirect } from './dr-redirect.js';
import { drTwoNets } from './dr-two-nets.js';
import { dual } from './dual.js';
import { failover } from './failover.js';
import { feedback } from './feedback.js';
import { fullnat, fullnat6 } from './fullnat.js';
import { ha } from './ha.js';
import { l7 } from './l7.js';
import { mail } from './mail.js';
import { miscCheck } from './misc-check.js';
import { nat, nat6 } from './nat.js';
import { nat2 } from './nat-2.js';
import { natFtp } from './nat-ftp.js';
import { persist } from './persist.js';
import { persistMarks } from './persist-marks.js';
import { splitBrain } from './split-brain.js';
import { storage } from './storage.js';
import { stress } from './stress.js';
import { stressFirewall } from './stress-firewall.js';
import { stressMethods } from './stress-methods.js';
import { contentSwitch } from './switch.js';
import { tun, tun6 } from './tun.js';
import { tunMixed } from './tun-mixed.js';
import { websocket } from './websocket.js';

export const labs: readonly Lab[] = [
  nat,
  nat2,
  nat6,
  natFtp,
  dr,
  dr2,
  dr6,
  drArp,
  drRedirect,
  drTwoNets,
  drLocal,
  drFtp,
  tun,
  tun6,
  tunMixed,
  fullnat,
  fullnat6,
  persist,
  persistMarks,
  dual,
  splitBrain,
  ha,
  failover,
  miscCheck,
  mail,
  feedback,
  l7,
  websocket,
  contentSwitch,
  dashboard,
  cacheCluster,
  cacheTun,
  ansible,
  storage,
  stress,
  stressMethods,
  stressFirewall,
];
