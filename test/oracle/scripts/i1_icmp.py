#!/usr/bin/python3
# ICMP errors about connections, in both directions, by every method, over both families: what the other side gets, what is counted, and what is done
# with errors that belong to nothing, are wrong or cut short.
import sys; sys.path.insert(0, '/job/guest')
from tb import *
from packets import Raw6, error, mute, settle, tcp6, header6, udp6
from wire import Wire
build(3, tcpports=(81,), udpports=(54,))
for six in (False, True): mute('c', 'r1', 'r2', six=six); mute('c', 'r1', 'r2', protocols=('udp', '4', '41', '47'), six=six)
dq('iptables -t raw -A PREROUTING -i eth0 -p icmp -j DROP', 'r1'); dq('iptables -t raw -A PREROUTING -i eth0 -p icmp -j DROP', 'c')
dq('ethtool -K eth0 gro off tx off; ethtool -K eth1 gro off tx off')   # a checksum is complete when it leaves
port = [30000]
def ip4(src, dst, proto, payload, ttl=64, ident=0x1234, frag=0x4000, tos=0):
    h = struct.pack('!BBHHHBBH4s4s', 0x45, tos, 20 + len(payload), ident, frag, ttl, proto, 0, socket.inet_aton(src), socket.inet_aton(dst)); return h[:10] + struct.pack('!H', cksum(h)) + h[12:] + payload
def transport(proto, src, sp, dst, dp, flags, n):
    if ':' in src: return tcp6(src, sp, dst, dp, flags, data=b'x' * n) if proto == 6 else udp6(src, sp, dst, dp, b'x' * n)
    t = struct.pack('!HHIIBBHHH', sp, dp, 1000, 1, 0x50, sum(FL[c] for c in flags), 8192, 0, 0) + b'x' * n if proto == 6 else struct.pack('!HHHH', sp, dp, 8 + n, 0) + b'x' * n
    at = 16 if proto == 6 else 6; c = cksum(socket.inet_aton(src) + socket.inet_aton(dst) + struct.pack('!BBH', 0, proto, len(t)) + t); return t[:at] + struct.pack('!H', c) + t[at + 2:]
def whole(proto, src, sp, dst, dp, flags='A', n=20, ttl=60):
    t = transport(proto, src, sp, dst, dp, flags, n); return header6(src, dst, proto, t, ttl) if ':' in src else ip4(src, dst, proto, t, ttl)
def counted(): settle(); d('''ipvsadm -Ln --stats | awk 'NR > 3 { print $2, $3 " connections, in " $4, $6 ", out " $5, $7 }' ''')
FAMILIES = dict(IPv4=(Raw, VIP, DVIP, '10.0.1.10', '10.0.2.11', '10.0.1.254', '10.0.2.12', '10.0.1.1', False), IPv6=(Raw6, VIP6, DVIP6, '2001:db8:1::10', '2001:db8:2::11', '2001:db8:1::fe', '2001:db8:2::12', '2001:db8:1::1', True))
KINDS = {False: (('port unreachable', 3, 3, 0), ('host unreachable', 3, 1, 0), ('fragmentation needed', 3, 4, 1300), ('prohibited', 3, 13, 0), ('source quench', 4, 0, 0), ('redirect', 5, 1, 0x0a0001fe), ('time exceeded', 11, 0, 0), ('parameter problem', 12, 0, 0x14000000)),
         True: (('port unreachable', 1, 4, 0), ('address unreachable', 1, 3, 0), ('too big', 2, 0, 1300), ('time exceeded', 3, 0, 0), ('parameter problem', 4, 1, 6))}
for family, (raw, vip, dvip, client, server, middle, between, own, six) in FAMILIES.items():
    C, R, G, B, WC, WR = raw('c'), raw('r1'), raw('g'), raw('r2'), Wire('c'), Wire('r1'); at = '[%s]:80' if six else '%s:80'; life = 'hops' if six else 'ttl'
    for method, address, flag in (('NAT', vip, '-m'), ('direct routing', dvip, '-g'), ('tunnels', dvip, '-i')):
        for proto, name in ((6, 'TCP'), (17, 'UDP')):
            nat = flag == '-m'
            def begin():
                port[0] += 1; p = port[0]
                if proto == 6:
                    C.tcp(client, p, address, 80, 'S'); time.sleep(.05)
                    if nat: R.tcp(server, 80, client, p, 'SA', ack=1); time.sleep(.05)
                    C.tcp(client, p, address, 80, 'A', ack=1)
                else: C.udp(client, p, address, 80, b'q')
                time.sleep(.1); return p
            def table(text): out('\n== %s, %s, %s: %s' % (family, method, name, text)); dq('ipvsadm -A %s %s -s rr; ipvsadm -a %s %s -r %s %s' % (('-t', at % address, '-t', at % address, at % server, flag) if proto == 6 else ('-u', at % address, '-u', at % address, at % server, flag)))
            answer = lambda p, n=20: whole(proto, address, 80, client, p, n=n)
            request = lambda p, n=20: whole(proto, client, p, server if nat else address, 80, n=n)
            table('errors about answers, to the server'); p = begin()
            for what, kind, code, rest in KINDS[six]: WR.saw('%s of the client' % what, lambda: error(C, client, address, kind, code, rest, answer(p)))
            what, kind, code, rest = KINDS[six][2]
            WR.saw('%s of a router' % what, lambda: error(G, middle, address, kind, code, rest, answer(p)))
            WR.saw('a long quote', lambda: error(C, client, address, *KINDS[six][0][1:], answer(p, 400)))
            WR.saw('eight bytes quoted', lambda: error(C, client, address, *KINDS[six][0][1:], answer(p)[:(40 if six else 20) + 8]))
            WR.saw('about no connection', lambda: error(C, client, address, *KINDS[six][0][1:], answer(p + 5000)))
            WR.saw('one hop left', lambda: error(C, client, address, *KINDS[six][0][1:], answer(p), **{life: 1}))
            counted(); dq('ipvsadm -C')
            table('a wrong checksum, to the server'); p = begin(); WR.saw('port unreachable of the client', lambda: error(C, client, address, *KINDS[six][0][1:], answer(p), bad=True)); counted(); dq('ipvsadm -C')
            if not nat: continue
            table('a wrong checksum, to the client'); p = begin(); WC.saw('port unreachable of the server', lambda: error(R, server, client, *KINDS[six][0][1:], request(p), bad=True)); counted(); dq('ipvsadm -C')
            table('errors about requests, to the client'); p = begin()
            for what, kind, code, rest in KINDS[six]: WC.saw('%s of the server' % what, lambda: error(R, server, client, kind, code, rest, request(p)))
            what, kind, code, rest = KINDS[six][2]
            WC.saw('%s of a router' % what, lambda: error(B, between, client, kind, code, rest, request(p)))
            WC.saw('a long quote', lambda: error(R, server, client, *KINDS[six][0][1:], request(p, 400)))
            WC.saw('eight bytes quoted', lambda: error(R, server, client, *KINDS[six][0][1:], request(p)[:(40 if six else 20) + 8]))
            WC.saw('about no connection', lambda: error(R, server, client, *KINDS[six][0][1:], request(p + 5000)))
            WC.saw('one hop left', lambda: error(R, server, client, *KINDS[six][0][1:], request(p), **{life: 1}))
            counted(); dq('ipvsadm -C')
