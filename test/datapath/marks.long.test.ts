// Services of firewall marks of both families with living hosts; connections of both families go on without their marks, through another size of the tables.
import { FOUR, SIX, testConnectionsGoOn } from './marked-cluster.js';
import { testBothFamilies, testMarks } from './marked-services.js';

for (const family of [FOUR, SIX]) testMarks(family);
testBothFamilies();
for (const family of [FOUR, SIX]) testConnectionsGoOn(family, family.inCluster);
