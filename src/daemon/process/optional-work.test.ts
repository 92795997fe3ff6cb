import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { repeatedWork } from './optional-work.js';

const missing = (path: string) => (): void => void readFileSync(path);

test('of repeated work each trouble is logged once, and again after the work was done', () => {
  const logged: string[] = [];
  const attempt = repeatedWork((reason) => logged.push(/'(.*)'/.exec(reason)?.[1] ?? reason));
  for (const path of ['/no/one', '/no/one', '/no/two']) attempt(missing(path));
  attempt(() => {});
  attempt(missing('/no/two'));
  assert.deepEqual(logged, ['/no/one', '/no/two', '/no/two']);
});

test('a mistake of the program itself is no trouble of the work', () => {
  const attempt = repeatedWork(() => assert.fail());
  assert.throws(
    () =>
      attempt(() => {
        throw new TypeError('mistake');
      }),
    TypeError,
  );
});
