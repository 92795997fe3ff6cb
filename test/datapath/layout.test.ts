// The number of each map's layout: what changes it, and what a build does with tables that have other numbers.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readWeirFile } from '../../src/config/weir/read.js';
import { switchPlan } from '../../src/control/layer7/switch/switch-plan.js';
import { Conf } from '../../src/datapath/ebpf/abi.gen.js';
import type { EbpfDirector } from '../../src/datapath/ebpf/ebpf-director.js';
import { LAYOUT, LAYOUTS } from '../../src/datapath/ebpf/layouts.gen.js';
import { openDirector } from '../../src/datapath/ebpf/open.js';
import { pinInPlace } from '../../src/datapath/ebpf/pins/pin-in-place.js';
import { applySwitch, clearSwitch } from '../../src/datapath/ebpf/switch/apply-switch.js';
import { layoutOf, mapsOfOtherLayout, pinLayouts, pinnedLayouts } from '../../src/datapath/ebpf/table/layout.js';
import { CONNECTION_PINS, FULLNAT_FLOWS_PINS, LAYOUTS_PIN, layoutName } from '../../src/datapath/ebpf/table/tables.js';
import { isWeirError } from '../../src/model/errors/weir-error.js';
import { artifact } from '../../src/sys/artifact.js';
import { BpfMap } from '../../src/sys/bpf/bpf-objects.js';
import { u32 } from '../../src/sys/bpf/records.js';
import { using } from '../../src/sys/fd.js';
import { breadth, test } from '../support/breadth.js';
import { noTools } from '../support/probes.js';
import { root } from '../support/project.js';
import { openBed, skipReason } from './bed.js';

const HEADERS = `${root}/bpf/director`;

/** Maps whose number is another one where a text of a header, which stands there once, is another one. */
function changedIn(header: string, ...changes: readonly (readonly [was: string, is: string])[]): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'weir-header-'));
  try {
    const text = changes.reduce(
      (now, [was, is]) => {
        assert.equal(now.split(was).length, 2, was);
        return now.replace(was, is);
      },
      readFileSync(join(HEADERS, header), 'utf8'),
    );
    cpSync(join(HEADERS, 'abi.h'), join(folder, 'abi.h'));
    writeFileSync(join(folder, header), text);
    const out = execFileSync(process.execPath, ['dev/abi-gen.mjs', '--layouts', join(folder, 'abi.h'), artifact('weir.bpf.o')], {
      cwd: root,
      encoding: 'utf8',
    });
    const [now, then] = [LAYOUTS as Readonly<Record<string, number>>, JSON.parse(out) as Readonly<Record<string, number>>];
    assert.deepEqual(Object.keys(then), Object.keys(now));
    return Object.keys(then).filter((name) => now[name] !== then[name]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const changedBy = (...changes: readonly (readonly [was: string, is: string])[]): readonly string[] => changedIn('abi.h', ...changes);

breadth('a number changes with what its map holds, and with nothing else', { skip: noTools('bpftool') }, () => {
  assert.deepEqual(changedBy(), []);
  assert.deepEqual(changedBy(['#include "reasons.h"', '']), [], 'the reasons are others');
  const swapped = changedBy(['V_NOOUTPUT (1ull << 57)', 'V_NOOUTPUT (1ull << 58)'], ['V_SPILLED (1ull << 58)', 'V_SPILLED (1ull << 57)']);
  const ofFlows = ['fullnat_carried', ...Object.values(FULLNAT_FLOWS_PINS)];
  assert.deepEqual(swapped, [...CONNECTION_PINS, ...ofFlows].sort(), 'two bits are swapped');
  assert.deepEqual(changedBy(['#define ENDPOINT_PROBES 16', '#define ENDPOINT_PROBES 8']), ['endpoints']);
  assert.deepEqual(changedBy(['#define NH_PEER 0x2', '#define NH_PEER 0x4']), ['dests', 'egresses']);
  assert.deepEqual(changedBy(['#define WEIR_ABI 1u', '#define WEIR_ABI 2u']), ['conf']);
  const switched = ['switch6_flows', 'switch_flows'];
  assert.deepEqual(changedIn('switch-abi.h', ['#define SWITCH_CLOSING 0x1 ', '#define SWITCH_CLOSING 0x8 ']), switched);
  assert.deepEqual(
    changedBy(['#define CLOCK_SHIFT 2\n', '#define CLOCK_SHIFT 3\n']).filter((name) => switched.includes(name)),
    switched,
  );
});

test('a table of another layout is refused with the names of the maps that differ, as far as the loading build has kept them', {
  skip: skipReason(),
}, () => {
  const bed = openBed();
  try {
    const { conf } = bed.tables;
    assert.deepEqual(pinnedLayouts(bed.tables), LAYOUTS);
    assert.deepEqual(mapsOfOtherLayout(bed.tables), []);
    const layout = conf.get(0, Conf.layout);
    conf.set(0, Conf.layout, layout + 1);
    const refusal = (): string => {
      try {
        openDirector().close();
      } catch (error) {
        if (isWeirError(error, 'datapath-other-build')) return error.message.replace(/ — fix: .*$/, '');
        throw error;
      }
      return 'none';
    };
    rmSync(`${bed.folder}/${LAYOUTS_PIN}`);
    const both = `: its tables have layout ${layoutName(LAYOUT + 1)}, those of this build ${layoutName(LAYOUT)}`;
    assert.equal(refusal(), `the loaded datapath is of another build and goes on as it is${both}`);
    const { locks, ...others } = LAYOUTS;
    pinLayouts(bed.folder, { ...others, conns: others.conns + 1, wide: locks });
    assert.ok(refusal().endsWith(`goes on as it is (maps conns, locks and wide have other layouts)${both}`), refusal());
    conf.set(0, Conf.layout, layout);
    assert.equal(refusal(), 'none');
  } finally {
    bed.close();
  }
});

/** As builds before read a pin of these numbers: 64 records, whatever its size is. */
function readAsBefore(folder: string): readonly string[] {
  return using(BpfMap.pinned(`${folder}/${LAYOUTS_PIN}`), (map) => {
    const bytes = new Uint8Array(24);
    const names: string[] = [];
    for (let record = 0; record < 64 && map.lookup(u32(record), bytes) && bytes[0] !== 0; record++)
      names.push(new TextDecoder().decode(bytes.subarray(0, 16)).replace(/\0+$/, ''));
    return names;
  });
}

test('more maps than builds before read: all are read here, and those builds find a name that they refuse', { skip: skipReason() }, () => {
  const bed = openBed();
  try {
    const few = Object.fromEntries(Array.from({ length: 64 }, (_, map) => [`map_${map}`, map + 1]));
    pinLayouts(bed.folder, few);
    assert.deepEqual(pinnedLayouts(bed.tables), few);
    assert.deepEqual(readAsBefore(bed.folder), Object.keys(few), 'as many as those builds read: they know all of them');
    const many = { ...few, one_more: 7 };
    pinLayouts(bed.folder, many);
    assert.deepEqual(pinnedLayouts(bed.tables), many);
    assert.equal(readAsBefore(bed.folder)[0], LAYOUTS_PIN);
    assert.equal(LAYOUTS_PIN in LAYOUTS, false);
  } finally {
    pinLayouts(bed.folder);
    bed.close();
  }
});

test('a pin that a build before has made, with room for 64 maps, is read to its end', { skip: skipReason() }, () => {
  const bed = openBed();
  try {
    using(BpfMap.createArray(LAYOUTS_PIN, 24, 64), (map) => {
      for (let record = 0; record < 64; record++) {
        const bytes = new Uint8Array(24);
        bytes.set(new TextEncoder().encode(`map_${record}`));
        bytes.set(u32(record + 1), 16);
        map.update(u32(record), bytes);
      }
      pinInPlace(map, `${bed.folder}/${LAYOUTS_PIN}`);
    });
    assert.deepEqual(
      Object.values(pinnedLayouts(bed.tables) ?? {}),
      [...Array(64).keys()].map((record) => record + 1),
    );
  } finally {
    pinLayouts(bed.folder);
    bed.close();
  }
});

const SWITCHED = `layer7:
  listeners: { web: "10.0.1.100:80" }
  pools: { one: { servers: ["10.0.2.11:80"] } }
  hosts: [{ server_name: [a.example], way: switch, locations: [{ location: /, pool: one }] }]
`;

test('other records of content switching keep a build from the tables while something is switched, and no longer', {
  skip: skipReason(),
}, () => {
  const bed = openBed();
  try {
    const director = bed.director as EbpfDirector;
    const { conf } = bed.tables;
    const layout = conf.get(0, Conf.layout);
    const otherBuild = (isOther: boolean): void => {
      pinLayouts(bed.folder, isOther ? { ...LAYOUTS, switch_flows: LAYOUTS.switch_flows + 1, switch6_flows: 1 } : LAYOUTS);
      conf.set(0, Conf.layout, isOther ? layout + 1 : layout);
    };
    applySwitch(director, switchPlan(readWeirFile(SWITCHED).file.layer7 ?? assert.fail('no section layer7')));
    otherBuild(true);
    // Of IPv6 nothing is switched.
    assert.deepEqual([layoutOf(bed.tables), mapsOfOtherLayout(bed.tables)], ['other-build', ['switch_flows']]);
    otherBuild(false);
    assert.equal(layoutOf(bed.tables), 'ours');
    assert.equal(clearSwitch(director), true);
    otherBuild(true);
    assert.deepEqual([layoutOf(bed.tables), mapsOfOtherLayout(bed.tables)], ['before', []]);
    otherBuild(false);
  } finally {
    bed.close();
  }
});
