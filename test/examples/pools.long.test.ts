// weir's daemon runs the examples of two directors with a pool of servers: those that answer their checks are in the table.
import { describe } from 'node:test';
import { breadth } from '../support/breadth.js';
import { noNamespaces } from '../support/netns-bed.js';
import { poolExamples } from './pools.js';
import { testExamples } from './run-example.js';

describe('examples of pools', { concurrency: 4, skip: noNamespaces() }, () => testExamples('pool', poolExamples, () => breadth));
