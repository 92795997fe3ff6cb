// All other decisions of weir's health checks beside Debian's keepalived.
import { longCases } from './checks/cases/all.js';
import { compareCases } from './checks/run.js';

compareCases('chl', longCases);
