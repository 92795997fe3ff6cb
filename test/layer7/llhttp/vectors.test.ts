// The test vectors of llhttp, the parser of Node (github.com/nodejs/llhttp at 01e105a3, test/request and test/response; its LICENSE stands beside
// them): what it refuses in strict mode, weir does not pass on either. Requests without Host have one added. `whole`: how many messages it finds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { read } from '../../support/project.js';
import { forwarded, keepingNone, passedAnswers } from '../differential/in-process.js';

interface Vector {
  readonly name: string;
  readonly type: 'request' | 'response';
  readonly bytes: string;
  readonly whole: number;
  readonly error?: string;
}
const vectors = JSON.parse(read('test/layer7/llhttp/vectors.json')) as readonly Vector[];

/** Where weir takes what llhttp does not, and why that is right. */
const TAKEN: readonly (readonly [why: string, error: RegExp])[] = [
  ['RFC 9110 §9.1: a method is a token; llhttp has a list', /Expected space after method|Invalid method for HTTP/],
  ['extensions are read over, and none is passed on', /chunk extensions/],
  ['a connection that its client ends behind a request: what follows is not read', /Data after `Connection: close`/],
];
const isTaken = ({ error = '' }: Vector): boolean => TAKEN.some(([, pattern]) => pattern.test(error));

for (const type of ['request', 'response'] as const) {
  test(`${type}s that llhttp refuses are not passed on`, () => {
    const refused = vectors.filter((one) => one.type === type && one.error !== undefined && !isTaken(one));
    assert.ok(refused.length > 15);
    const passed = refused.filter(({ bytes, whole }) => {
      const bed = keepingNone();
      return (type === 'request' ? forwarded(bed, bytes).length : passedAnswers(bed, bytes)) > whole;
    });
    assert.deepEqual(
      passed.map(({ name, bytes, error }) => [name, error, bytes]),
      [],
    );
  });
}

test('most requests that llhttp takes are passed on', () => {
  const good = vectors.filter(({ type, error, whole }) => type === 'request' && error === undefined && whole === 1);
  const passed = good.filter(({ bytes }) => forwarded(keepingNone(), bytes).length === 1);
  assert.ok(passed.length > good.length / 2, `${passed.length} of ${good.length}`);
});
