// Every case, and which of them `npm test` plays: a few of those that share no feature.
import type { CheckCase } from '../types.js';
import { bfdCases } from './bfd.js';
import { connectionCases } from './connections.js';
import { kindCases } from './kinds.js';
import { quorumCases } from './quorum.js';
import { refusedCases } from './refused.js';
import { reloadCases } from './reloads.js';
import { tlsCases } from './tls.js';

const SHORT: ReadonlySet<string> = new Set(['tcp-flap', 'http-status']);

const all = [...connectionCases, ...quorumCases, ...kindCases, ...tlsCases, ...bfdCases, ...refusedCases, ...reloadCases];

export const shortCases: readonly CheckCase[] = all.filter(({ name }) => SHORT.has(name));
export const longCases: readonly CheckCase[] = all.filter(({ name }) => !SHORT.has(name));
