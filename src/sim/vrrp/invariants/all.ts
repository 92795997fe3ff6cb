// The list of all invariants.
import type { MakeInvariant } from '../invariant.js';
import { adverts } from './adverts.js';
import { announcements } from './announcements.js';
import { answers } from './answers.js';
import { calm } from './calm.js';
import { connections } from './connections.js';
import { fastMode } from './fast-mode.js';
import { groups } from './groups.js';
import { cleanStop, hostState } from './host-state.js';
import { logLimit } from './log-limit.js';
import { needless } from './needless.js';
import { oneMaster } from './one-master.js';
import { takeover } from './takeover.js';
import { wakes } from './wakes.js';

export const invariants: readonly MakeInvariant[] = [
  hostState,
  cleanStop,
  adverts,
  answers,
  connections,
  wakes,
  groups,
  takeover,
  fastMode,
  announcements,
  needless,
  oneMaster,
  calm,
  logLimit,
];
