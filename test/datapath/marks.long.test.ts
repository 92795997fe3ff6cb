// Connections of IPv6 go on without their marks, through another size of the tables. (Of IPv4: marks.test.ts.)
import { SIX, testConnectionsGoOn } from './marked-cluster.js';

testConnectionsGoOn(SIX, SIX.inCluster);
