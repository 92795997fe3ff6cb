// The decisions of weir's health checks beside Debian's keepalived, on the same servers with the same script: a few of each sort.
import { shortCases } from './checks/cases/all.js';
import { compareCases } from './checks/run.js';

compareCases('chk', shortCases);
