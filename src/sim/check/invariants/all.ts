// The list of all invariants.
import type { MakeInvariant } from '../invariant.js';
import { attempts } from './attempts.js';
import { health } from './health.js';
import { quorum } from './quorum.js';
import { reload } from './reload.js';
import { slowStart } from './slow-start.js';
import { storm } from './storm.js';
import { timely } from './timely.js';
import { wakes } from './wakes.js';

export const invariants: readonly MakeInvariant[] = [attempts, health, quorum, reload, slowStart, storm, timely, wakes];
