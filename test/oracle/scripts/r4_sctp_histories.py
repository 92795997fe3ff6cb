#!/usr/bin/python3
# Random histories as r1_histories and r3_wide_histories have them, of SCTP; and others in which counters are zeroed.
import sys; sys.path.insert(0, '/job/guest')
from histories import played
ALL, MARK = 'all ports', 'a mark'
played(301, (10, 'NAT', 'SCTP', False), (6, 'NAT', 'SCTP', True), (5, 'DR', 'SCTP', False), (4, 'DR', 'SCTP', True), (3, 'TUN', 'SCTP', False), (2, 'TUN', 'SCTP', True),
       (4, 'NAT', 'SCTP', False, ALL), (4, 'NAT', 'SCTP', True, MARK), (5, 'NAT', 'TCP', False, 'a port', True), (4, 'NAT', 'UDP', True, 'a port', True))
