#!/usr/bin/python3
# Random histories as r1_histories has them, of direct routing and of tunnels.
import sys; sys.path.insert(0, '/job/guest')
from histories import played
played(101, (9, 'DR', 'TCP', False), (8, 'DR', 'TCP', True), (5, 'DR', 'UDP', False), (4, 'DR', 'UDP', True),
       (7, 'TUN', 'TCP', False), (5, 'TUN', 'TCP', True), (4, 'TUN', 'UDP', False), (3, 'TUN', 'UDP', True))
