// Many restores beside live connections.
import { test } from 'node:test';
import { noNamespaces } from '../support/netns-bed.js';
import { restoreUnderTraffic } from './restores-under-traffic.js';

for (const attach of ['tc', 'xdp'] as const) {
  test(`8 connections and a thousand datagrams a second lose nothing by 60 restores (${attach})`, { skip: noNamespaces() }, () =>
    restoreUnderTraffic(60, attach),
  );
}
