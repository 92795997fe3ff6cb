// The lines about VS/TUN on docs/migrate.md, typed on a director, and on real servers with the kernel's tunnels.
import assert from 'node:assert/strict';
import { noTunnels } from '../support/probes.js';
import { sectionNamed } from './migrate-page.js';
import { procedure, startWebs } from './procedure.js';

procedure(
  'TUN',
  'one switch',
  async (at) => {
    await startWebs(at);
    await at.follow(sectionNamed('TUN'));
    assert.deepEqual(at.names(4), ['web1', 'web1', 'web2', 'web2']);
    for (const host of at.servers) at.type(host, 'weir realserver status');
  },
  noTunnels(),
);
