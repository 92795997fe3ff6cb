// The decisions of weir's health checks beside Debian's keepalived, on the same servers with the same script.
import { connectionCases } from './checks/cases/connections.js';
import { quorumCases } from './checks/cases/quorum.js';
import { compareCases } from './checks/run.js';

compareCases('chk', [...connectionCases, ...quorumCases]);
