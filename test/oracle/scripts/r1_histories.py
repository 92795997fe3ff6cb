#!/usr/bin/python3
# Random histories of masqueraded services: packets of clients and servers, and changes to the configuration between them. Which server gets what,
# as which packet, who answers, the connection after each step, and the counters at the end.
import sys; sys.path.insert(0, '/job/guest')
from histories import played
played(1, (15, 'NAT', 'TCP', False), (13, 'NAT', 'TCP', True), (9, 'NAT', 'UDP', False), (8, 'NAT', 'UDP', True))
