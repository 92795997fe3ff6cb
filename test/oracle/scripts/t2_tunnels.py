#!/usr/bin/python3
# IPv4 packets through tunnels of each type and checksum, over both families: the outer header of every TTL, TOS and DF, what is
# behind it, errors about what is too large, pmtu_disc, counters.
import sys; sys.path.insert(0, '/job/guest')
from tunnels import tunnels
tunnels('IPv4')
