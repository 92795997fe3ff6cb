// The two halves of a test file. Its rule has a `test`, which `npm test` runs; further families, hooks, methods and variants of that
// rule are `breadth`, which the long run (node dev/test.mjs --long) runs alone: dev/test.mjs chooses files that import this one for both.
import { test as declare, type TestContext } from 'node:test';

type Body = (context: TestContext) => void | Promise<void>;
type TestOptions = { readonly skip?: boolean | string; readonly timeout?: number };

export type Declare = (name: string, options: TestOptions | Body, body?: Body) => void;

const undeclared: Declare = () => {};
const isLong = process.env['WEIR_TEST_LONG'] === '1';

export const test: Declare = isLong ? undeclared : (declare as Declare);
export const breadth: Declare = isLong ? (declare as Declare) : undeclared;
