// A datapath with a mistake in it fails its trial, and is not attached.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { load, PROGRAMS, programKinds } from '../../src/datapath/ebpf/load/load.js';
import { ensureXdp } from '../../src/datapath/ebpf/load/xdp.js';
import { Tables } from '../../src/datapath/ebpf/table/tables.js';
import { noTools } from '../support/probes.js';
import { compiledWith } from './compilers.js';
import { inFolder, refused, SMALL, skip } from './self-check-bed.js';

/** Mistakes that a compiler, a verifier's rewriting or a merge could make. */
const MISTAKES = [
  ['quick.h', 'ip->ttl = p->ttl - 1;', 'ip->ttl = p->ttl;', 'xdp: '],
  ['quick.h', 'ports[8] = sum_apply(ports[8], l4_change);', 'ports[8] = sum_apply(ports[8], change);', 'xdp: '],
  ['send.h', 'bpf_l4_csum_replace(skb, check_at, r->was, r->addr,', 'bpf_l4_csum_replace(skb, check_at, r->addr, r->was,', 'ingress: '],
  ['packet.h', 'if (p->fragment) {', 'if (!p->fragment) {', 'ingress: '],
  ['packet.h', 'return ip_sum_is_right(ip, end) ? parsed : P_BAD_SUM;', 'return parsed;', 'ingress: a wrong IP checksum'],
  ['tc.h', 'if (done != TC_ACT_UNSPEC) return done;', 'if (done == TC_ACT_UNSPEC) return done;', 'ingress: '],
  ['local.h', 'return cached & 1;', 'return !(cached & 1);', 'ingress: '],
  ['tc.h', 'if (real) return tc_local_reply(skb, real, false);', 'if (!real) return tc_local_reply(skb, real, false);', 'egress: '],
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

test('nor is the XDP program, where it comes after the others', { skip: skip || noTools('clang', 'llvm-strip') }, () => {
  const [header, was, is, name] = MISTAKES[0];
  inFolder((folder) => {
    load(folder, SMALL, { kinds: programKinds(false) });
    const tables = new Tables(folder);
    compiledWith(header, was, is, (object) => refused(folder, new RegExp(`“${name}`), () => ensureXdp(tables, object)));
    ensureXdp(tables);
    assert.ok(existsSync(`${folder}/${PROGRAMS.xdp}`));
  });
});
