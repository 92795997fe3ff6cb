// Every invariant, for whoever runs histories.
import type { MakeCheck } from '../invariant.js';
import { adverts } from './adverts.js';
import { announcements } from './announcements.js';
import { answers } from './answers.js';
import { calm } from './calm.js';
import { fastMode } from './fast-mode.js';
import { groups } from './groups.js';
import { cleanStop, hostState } from './host-state.js';
import { needless } from './needless.js';
import { oneMaster } from './one-master.js';
import { takeover } from './takeover.js';
import { talk } from './talk.js';
import { wakes } from './wakes.js';

export const invariants: readonly MakeCheck[] = [
  hostState,
  cleanStop,
  adverts,
  answers,
  wakes,
  groups,
  takeover,
  fastMode,
  announcements,
  needless,
  oneMaster,
  calm,
  talk,
];
