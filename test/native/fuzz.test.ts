// Arguments of every wrong kind, to the ordinary addon.
import { test } from 'node:test';
import { abuse } from './abuse-runs.js';
import { needsBpf } from './support.js';

test('any arguments', needsBpf, () => abuse({}));
