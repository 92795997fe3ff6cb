// Long storms on both CPUs, and storms of every kind of connection while tables get another size and programs another build.
import { test } from 'node:test';
import { noTools } from '../support/probes.js';
import { withOtherBuild } from './exchange-bed.js';
import { kindOf } from './side-moves.js';
import { exchanges, moves, OF_LINKS, skipReasonOfStorms, stormOnEdits, stormOnFlows } from './storms.js';

const skip = skipReasonOfStorms();
const PACKETS = 60_000;
const FEWER = 8000;

for (const kind of ['tc', 'xdp'] as const) {
  test(`${kind}: a storm of SYNs and ACKs on the same flows, weights changing: every packet and connection counted once`, { skip }, () =>
    stormOnFlows(kind, PACKETS),
  );
  test(`${kind}: storms, edits, deletions and reuse together leave a whole table`, { skip }, () => stormOnEdits(kind, PACKETS));
}

for (const label of ['SCTP', 'all ports, IPv6']) {
  test(`${label}: storms, edits, deletions and reuse together leave a whole table`, { skip }, () =>
    stormOnEdits('tc', FEWER / 2, kindOf(label)),
  );
}
for (const label of ['IPv6', 'all ports, IPv6', 'SCTP', 'SCTP, all ports, IPv6']) {
  test(`${label}: a storm on the same flows while their table gets another size, twice: none is lost`, { skip }, () =>
    stormOnFlows('tc', FEWER, kindOf(label), moves(kindOf(label))),
  );
}
for (const label of ['IPv6', 'all ports', 'SCTP, IPv6', 'SCTP, all ports']) {
  test(`${label}: storms and edits while the table gets another size, twice, leave a whole one`, { skip }, () =>
    stormOnEdits('tc', FEWER, kindOf(label), moves(kindOf(label))),
  );
}

for (const { by, kind, turns } of [
  { by: 'xdp', kind: OF_LINKS, turns: 2 },
  { by: 'xdp', kind: kindOf('IPv6'), turns: 1 },
  { by: 'tc', kind: kindOf('SCTP, all ports, IPv6'), turns: 1 },
] as const) {
  test(
    `${kind.label} by ${by}: a storm on the same flows while another build takes the place of the programs (exchanges: ${turns}): none is lost`,
    {
      skip: skip || noTools('clang', 'llvm-strip'),
    },
    () => withOtherBuild((object) => stormOnFlows(by, FEWER, kind, exchanges(object, turns))),
  );
}
