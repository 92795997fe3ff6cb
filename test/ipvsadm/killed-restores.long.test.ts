// ipvsadm-restore, killed at many places.
import { test } from 'node:test';
import { noNamespaces } from '../support/netns-bed.js';
import { killRestores } from './killed-restores.js';

const skip = noNamespaces();

test('ipvsadm-restore, killed after any number of changes: all or nothing, in each of two namespaces', { skip }, () => killRestores(40));
