// The tables of all builds beside the links' get another size while they are in use.
import { test } from 'node:test';
import { skipReason } from './bed.js';
import { movesWhole, SIDE_KINDS } from './side-moves.js';

for (const kind of SIDE_KINDS) {
  test(
    `${kind.label}: to a larger table and back: no packet is lost, each connection is there once, at each step`,
    {
      skip: skipReason(),
    },
    () => movesWhole(kind),
  );
}
