// A datapath with a mistake in it fails its trial, and is not attached; nor is a build beside that on the links whose answers differ.
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { load, PROGRAMS, programKinds } from '../../src/datapath/ebpf/load/load.js';
import { ensureSideBuilds, programsRefused } from '../../src/datapath/ebpf/load/side-builds.js';
import { type SideCheck, trySideBuild } from '../../src/datapath/ebpf/load/side-check.js';
import { ipv6Check, ipv6XdpCheck, sctpCheck, wideCheck, wideSctpCheck } from '../../src/datapath/ebpf/load/side-checks.js';
import { ensureXdp } from '../../src/datapath/ebpf/load/xdp.js';
import { Tables, XDP_REFUSED_PIN } from '../../src/datapath/ebpf/table/tables.js';
import { type ArtifactName, artifact } from '../../src/sys/artifact.js';
import { ip } from '../support/ip.js';
import { noTools } from '../support/probes.js';
import { compiledWith, OBJECTS } from './compilers.js';
import { inFolder, refused, SMALL, skip, wrong } from './self-check-bed.js';

/** Mistakes that a compiler, a verifier's rewriting or a merge could make. */
const MISTAKES = [
  ['quick-packet.h', 'ip->ttl = p->ttl - 1;\n  ip->check = check;', 'ip->check = check;', 'xdp: '],
  ['quick-packet.h', 'ports[8] = sum_apply(ports[8], change);', 'ports[8] = sum_apply(ports[8], change + 1);', 'xdp: '],
  ['send.h', 'bpf_l4_csum_replace(skb, check_at, r->was, r->addr,', 'bpf_l4_csum_replace(skb, check_at, r->addr, r->was,', 'ingress: '],
  ['packet.h', 'if (p->fragment) {', 'if (!p->fragment) {', 'xdp: '],
  ['packet.h', 'return ip_sum_is_right(ip, end) ? parsed : P_BAD_SUM;', 'return parsed;', 'ingress: a wrong IP checksum'],
  ['tc.h', 'if (done != TC_UNKNOWN) return done;', 'if (done == TC_UNKNOWN) return done;', 'ingress: '],
  ['local.h', 'if (likely(known != NOT_ASKED)) return known;', 'if (likely(known != NOT_ASKED)) return !known;', 'ingress: '],
  ['tc.h', 'if (real) return tc_local_reply(skb, p, real, false);', 'if (!real) return tc_local_reply(skb, p, real, false);', 'egress: '],
] as const;

test('a datapath with a mistake in it is not attached', { skip: skip || noTools('clang', 'llvm-strip') }, async (t) => {
  for (const [header, was, is, name] of MISTAKES) {
    await t.test(`${header}: ${was}`, () => {
      inFolder((folder) =>
        compiledWith(header, was, is, (object) => refused(folder, new RegExp(`“${name}`), () => load(folder, SMALL, { file: object }))),
      );
    });
  }
});

/** Mistakes in side builds, each with the service that needs the build. */
const SIDE_MISTAKES = [
  ['ipv6', 'endpoint6.h', 'return s && address_equal(s->addr, addr);', 'return s && !address_equal(s->addr, addr);'],
  ['ipv6', 'send6.h', '__u32 *was = source ? p->saddr6 : p->daddr6,', '__u32 *was = source ? p->daddr6 : p->saddr6,'],
  ['ipv6', 'send6.h', 'ip->hop_limit = p->ttl - 1;', 'ip->hop_limit = p->ttl;'],
  ['ipv6', 'related6.h', 'inside = bpf_csum_diff(was, 16, as, 16, 0);', 'inside = bpf_csum_diff(as, 16, was, 16, 0);'],
  ['ipv6', 'parse6.h', 'next == NEXT_OPTIONS ? (length + 1) * 8 : 0;', 'next == NEXT_OPTIONS ? (length + 2) * 8 : 0;'],
  [
    'wide',
    'conn-wide.h',
    'if (!t || tuple_word(own, 0) != tuple_word(t, 0)) return false;',
    'if (!t || tuple_word(own, 0) == tuple_word(t, 0)) return false;',
  ],
  ['wide6', 'conn-wide6.h', 'address_copy(t->vaddr, addr);', '(void)addr;'],
  ['sctp', 'crc32c.h', '#define CRC32C 0x82f63b78u', '#define CRC32C 0x82f63b79u'],
  [
    'sctp',
    'sctp-state.h',
    'return type < CHUNK_TYPES ? chunk_event[type & (CHUNK_TYPES - 1)] : EV_DATA; }',
    'return type > CHUNK_TYPES ? chunk_event[type & (CHUNK_TYPES - 1)] : EV_DATA; }',
  ],
] as const;
const service = (protocol: 'tcp' | 'sctp', address: string, port: number) =>
  ({ kind: 'address', protocol, address: ip(address), port }) as const;
const NEEDING = {
  ipv6: service('tcp', '2001:db8::1', 80),
  wide: service('tcp', '192.0.2.1', 0),
  wide6: service('tcp', '2001:db8::1', 0),
  sctp: service('sctp', '192.0.2.1', 2905),
} as const;
const LABELS = { ipv6: 'IPv6', wide: 'all ports', wide6: 'all ports, IPv6', sctp: 'SCTP' } as const;

test('a build with a mistake in it is not entered, and its service is refused', {
  skip: skip || noTools('clang', 'llvm-strip'),
}, async (t) => {
  for (const [build, header, was, is] of SIDE_MISTAKES) {
    await t.test(`${header}: ${was}`, () => {
      inFolder((folder) => {
        const tables = load(folder, SMALL, { kinds: programKinds(false) });
        if (build === 'wide6') ensureSideBuilds(tables, { key: NEEDING.ipv6 }, assert.fail); // it is behind that one
        const name = new RegExp(`“${LABELS[build]} (ingress|egress|known): `);
        const broken = (object: string): void => {
          const fileOf = (file: ArtifactName): string => (file === OBJECTS[build] ? object : artifact(file));
          refused(folder, name, () => ensureSideBuilds(tables, { key: NEEDING[build] }, assert.fail, fileOf));
        };
        compiledWith(header, was, is, broken, build);
      });
    });
  }
});

/** In the short cut of IPv6. */
const SHORT_CUT_MISTAKES = [
  ['quick6.h', 'source, to, port);\n  ip->hop_limit = p->ttl - 1;', 'source, to, port);\n  ip->hop_limit = p->ttl;'],
  ['quick6.h', 'address_copy(source ? ip->saddr : ip->daddr, to);', 'address_copy(source ? ip->daddr : ip->saddr, to);'],
] as const;

test('a short cut with a mistake in it is not entered, and its service goes by tc alone', {
  skip: skip || noTools('clang', 'llvm-strip'),
}, async (t) => {
  for (const [header, was, is] of SHORT_CUT_MISTAKES) {
    await t.test(`${header}: ${was}`, () => {
      inFolder((folder) => {
        const tables = load(folder, SMALL, { kinds: programKinds(true) });
        const broken = (object: string): void => {
          const fileOf = (file: ArtifactName): string => (file === OBJECTS['xdp-ipv6'] ? object : artifact(file));
          const notices: string[] = [];
          ensureSideBuilds(tables, { key: NEEDING.ipv6 }, (text) => notices.push(text), fileOf);
          assert.match(notices.join(), /^IPv6 goes by tc alone, without XDP: its program fails the self-check: “IPv6 by XDP xdp: /);
          assert.deepEqual(programsRefused(folder), [{ what: 'IPv6', why: notices.join().split(/XDP: |; weir load/)[1] }]);
        };
        compiledWith(header, was, is, broken, 'xdp-ipv6');
      });
    });
  }
});

test('nor is the XDP program, where it comes after the others: tc has all packets', {
  skip: skip || noTools('clang', 'llvm-strip'),
}, () => {
  const [header, was, is, name] = MISTAKES[0];
  inFolder((folder) => {
    load(folder, SMALL, { kinds: programKinds(false) });
    const tables = new Tables(folder);
    const before = readdirSync(folder);
    const notices: string[] = [];
    const note = (text: string): number => notices.push(text);
    compiledWith(header, was, is, (object) => assert.equal(ensureXdp(tables, note, { file: object }), false));
    assert.match(notices.join(), new RegExp(`^IPv4 and IPv6 go by tc alone, without XDP: its program fails the self-check: “${name}`));
    assert.deepEqual(readdirSync(folder).toSorted(), [...before, XDP_REFUSED_PIN].toSorted());
    assert.equal(ensureXdp(tables, assert.fail), false, 'until it is tried again');
    assert.equal(ensureXdp(tables, note, { retry: true }), true);
    assert.deepEqual([notices[1], programsRefused(folder)], ['IPv4 and IPv6 go by XDP again', []]);
    assert.ok(existsSync(`${folder}/${PROGRAMS.xdp}`));
  });
});

const BUILDS: readonly (readonly [ArtifactName, SideCheck])[] = [
  ['weir-ipv6.bpf.o', ipv6Check],
  ['weir-xdp-ipv6.bpf.o', ipv6XdpCheck],
  ['weir-wide.bpf.o', wideCheck('inet')],
  ['weir-wide6.bpf.o', wideCheck('inet6')],
  ['weir-sctp.bpf.o', sctpCheck('inet')],
  ['weir-sctp6.bpf.o', sctpCheck('inet6')],
  ['weir-wide-sctp.bpf.o', wideSctpCheck('inet')],
  ['weir-wide-sctp6.bpf.o', wideSctpCheck('inet6')],
];

test('each build beside that on the links answers as its vectors do, and those that differ keep it out, by name', { skip }, () => {
  inFolder((folder) => {
    const tables = load(folder, SMALL, { kinds: programKinds(false) });
    for (const [file, check] of BUILDS) {
      trySideBuild(artifact(file), tables, check);
      const vectors = check.vectors();
      [3, vectors.length - 1].forEach((k, n) => {
        const vector = vectors[k] as ReturnType<SideCheck['vectors']>[number];
        const spoilt = vectors.with(k, wrong(vector)[n] as typeof vector);
        const differing: SideCheck = { ...check, vectors: () => spoilt };
        refused(folder, new RegExp(`“${check.label} ${vector.name}”`), () => trySideBuild(artifact(file), tables, differing));
      });
    }
  });
});
