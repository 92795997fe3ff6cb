#!/usr/bin/python3
# Packets that cannot go on: a TTL or hop limit of 1, and DF or IPv6 packets larger than the next MTU. Of the client and of the
# server, by NAT and direct routing, over both families: what the sender is sent, what is counted, and whether a connection is made.
import sys; sys.path.insert(0, '/job/guest')
from tb import *
from packets import Listener, Raw6, mute, settle
build(3, tcpports=(81,), udpports=(54,))
for six in (False, True): mute('c', 'r1', 'r2', 'r3', six=six)
dq('ethtool -K eth0 gro off; ethtool -K eth1 gro off')
SETS = dict(IPv4=(Raw, VIP, DVIP, '10.0.1.10', '10.0.2.11', False), IPv6=(Raw6, VIP6, DVIP6, '2001:db8:1::10', '2001:db8:2::11', True))
port = [30000]
def shown():
    settle(); d('''ipvsadm -Ln --stats | awk 'NR > 3 { print $1, $2, $3 " connections, in " $4, $6 }' '''); d('''ipvsadm -Ln --stats | awk 'NR > 3 { print $1, $2, "out " $5, $7 }' ''')
    d('ipvsadm -Ln | tail -1'); dq('ipvsadm -C')
def mtu(n, dev): dq('ip link set %s mtu %d' % (dev, n)); time.sleep(2.2)   # weir looks for a server's hop again after 1 s, for a client's after 1.5 s
for family, (raw, vip, dvip, client, server, six) in SETS.items():
    C, R, HC, HR = raw('c'), raw('r1'), Listener('c', six), Listener('r1', six)
    life = 'hops' if six else 'ttl'
    for method, address, flag in (('NAT', vip, '-m'), ('direct routing', dvip, '-g')):
        service, real = ('[%s]:80', '[%s]:80') if six else ('%s:80', '%s:80')
        service, real = service % address, real % server
        def table(text):
            out('\n== %s, %s: %s' % (family, method, text)); port[0] += 1
            dq('ipvsadm -A -t %s -s rr; ipvsadm -a -t %s -r %s %s' % (service, service, real, flag))
        def ask(flags, n=0, left=64): C.tcp(client, port[0], address, 80, flags, ack=1, data=b'x' * n, **{life: left}); time.sleep(.05)
        def answer(flags, n=0, left=64): R.tcp(server, 80, client, port[0], flags, ack=1, data=b'y' * n, **{life: left}); time.sleep(.05)
        def handshake():
            ask('S')
            if flag == '-m': answer('SA')
            ask('A')
        table('one hop left for the first packet'); HC.heard('SYN', lambda: ask('S', left=1)); shown()
        table('one hop left for a packet of a connection'); handshake(); HC.heard('data of 100', lambda: ask('PA', 100, 1)); HC.heard('FIN', lambda: ask('FA', 0, 1)); HC.heard('two hops left', lambda: ask('PA', 100, 2)); shown()
        if flag == '-m': table('one hop left for an answer'); handshake(); HR.heard('data of 100', lambda: answer('PA', 100, 1)); HR.heard('FIN', lambda: answer('FA', 0, 1)); HR.heard('two hops left', lambda: answer('PA', 100, 2)); shown()
        table('larger than the MTU to the server'); handshake(); mtu(1400, 'eth1'); HC.heard('data of 1400', lambda: ask('PA', 1400)); HC.heard('one hop left, too', lambda: ask('PA', 1400, 1)); HC.heard('data of 1200', lambda: ask('PA', 1200)); mtu(1500, 'eth1'); shown()
        if flag == '-m': table('larger than the MTU to the client'); handshake(); mtu(1400, 'eth0'); HR.heard('data of 1400', lambda: answer('PA', 1400)); HR.heard('one hop left, too', lambda: answer('PA', 1400, 1)); HR.heard('data of 1200', lambda: answer('PA', 1200)); mtu(1500, 'eth0'); shown()
