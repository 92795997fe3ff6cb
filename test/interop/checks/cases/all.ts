// Every case, and which of them `npm test` plays: one or two of each sort.
import type { CheckCase } from '../types.js';
import { bfdCases } from './bfd.js';
import { connectionCases } from './connections.js';
import { kindCases } from './kinds.js';
import { quorumCases } from './quorum.js';
import { refusedCases } from './refused.js';
import { reloadCases } from './reloads.js';
import { tlsCases } from './tls.js';

const SHORT: ReadonlySet<string> = new Set([
  'tcp-flap',
  'alpha',
  'sorry',
  'omega',
  'http-status',
  'dns-code',
  'misc-dynamic',
  'reload-weight',
]);

const all = [...connectionCases, ...quorumCases, ...kindCases, ...tlsCases, ...bfdCases, ...refusedCases, ...reloadCases];

export const shortCases: readonly CheckCase[] = all.filter(({ name }) => SHORT.has(name));
export const longCases: readonly CheckCase[] = all.filter(({ name }) => !SHORT.has(name));
