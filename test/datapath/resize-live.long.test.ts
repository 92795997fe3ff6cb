// The kills of resize-live.test.ts, at more steps.
import { test } from 'node:test';
import { noNamespaces } from '../support/netns-bed.js';
import { killedResizes } from './resizing.js';

test('a resize that is killed at many steps is completed every time', { skip: noNamespaces() }, () => killedResizes(24));
