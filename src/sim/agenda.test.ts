import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../test/support/properties.js';
import { agendaOf } from './agenda.js';

test('things come in the order of time, and of one moment in the order in which they were entered', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (times) => {
      const agenda = agendaOf<number>();
      for (const [index, atUs] of times.entries()) agenda.add(atUs, index);
      const got: (readonly [number, number])[] = [];
      for (let next = agenda.next(); next !== undefined; next = agenda.next()) got.push([next.atUs, next.what]);
      const wanted = times.map((atUs, index) => [atUs, index] as const).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
      assert.deepEqual(got, wanted);
    }),
  );
});
