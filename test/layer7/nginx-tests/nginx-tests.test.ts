// nginx's own tests (github.com/nginx/nginx-tests at 76bb761c, suite/; its LICENSE stands beside them) with weir in the place of nginx, by the shim.
// What does not hold is named below, with the reason: nothing else may fail, and each of these must.
import assert from 'node:assert/strict';
import { breadth, test } from '../../support/breadth.js';
import { noTools } from '../../support/probes.js';
import { differences } from './differences.js';
import { runSuite } from './run-suite.js';

const skip = noTools('prove', 'nginx');

/** What each change of the proxy is tried by. The others are the long run's. */
const SHORT = ['proxy_next_upstream', 'upstream'];

for (const [name, expected] of Object.entries(differences))
  (SHORT.includes(name) ? test : breadth)(`nginx-tests: ${name}`, { skip }, async () => {
    const { passed, failed, output } = await runSuite(name);
    assert.deepEqual([...failed].sort(), Object.keys(expected).sort(), output);
    assert.ok(passed > 0);
  });
