// ipvsadm-restore and ipvsadm -R, killed at many places.
import { test } from 'node:test';
import { noNamespaces } from '../support/netns-bed.js';
import { killMiddles, killRestores } from './killed-restores.js';

const skip = noNamespaces();

test('ipvsadm-restore, killed after any number of changes: all or nothing, in each of two namespaces', { skip }, () => killRestores(40));

test('killed in the middle of a restore, it leaves a usable table with the first lines of the input', { skip }, () =>
  killMiddles(Array.from({ length: 9 }, (_, k) => 60 + 25 * k)),
);
