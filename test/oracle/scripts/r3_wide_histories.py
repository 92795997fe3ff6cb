#!/usr/bin/python3
# Random histories as r1_histories has them, of services of all ports and of firewall marks: two ports of an address, which each history has to itself.
import sys; sys.path.insert(0, '/job/guest')
from histories import played
ALL, MARK = 'all ports', 'a mark'
played(201, (6, 'NAT', 'TCP', False, ALL), (5, 'NAT', 'TCP', True, ALL), (4, 'NAT', 'UDP', False, ALL), (3, 'DR', 'TCP', False, ALL), (3, 'DR', 'UDP', True, ALL),
       (6, 'NAT', 'TCP', False, MARK), (5, 'NAT', 'TCP', True, MARK), (4, 'NAT', 'UDP', False, MARK), (4, 'DR', 'TCP', False, MARK), (4, 'DR', 'UDP', True, MARK))
