#!/usr/bin/python3
# Packets in fragments, in every order, by every method, over both families and in both directions: which server gets them, whole and with right
# checksums, and what is counted.
import sys; sys.path.insert(0, '/job/guest')
from tb import *
from packets import Raw6, mute, settle, tcp6, udp6
from pieces import Pieces, ident, send
build(3, tcpports=(81,), udpports=(54,))
for six in (False, True): mute('c', 'r1', 'r2', six=six); mute('c', 'r1', 'r2', protocols=('udp', '4', '41'), six=six)
dq('ethtool -K eth0 gro off tx off; ethtool -K eth1 gro off tx off')   # a checksum is complete when it leaves
port = [30000]
def transport(proto, src, sp, dst, dp, n, flags='A'):
    data = bytes(i * 7 & 255 for i in range(n))
    if ':' in src: return tcp6(src, sp, dst, dp, flags, data=data) if proto == 6 else udp6(src, sp, dst, dp, data)
    t = struct.pack('!HHIIBBHHH', sp, dp, 1000, 1, 0x50, sum(FL[c] for c in flags), 8192, 0, 0) + data if proto == 6 else struct.pack('!HHHH', sp, dp, 8 + n, 0) + data
    at = 16 if proto == 6 else 6; c = cksum(socket.inet_aton(src) + socket.inet_aton(dst) + struct.pack('!BBH', 0, proto, len(t)) + t) or 0xffff; return t[:at] + struct.pack('!H', c) + t[at + 2:]
def counted(): settle(); d('''ipvsadm -Ln --stats | awk 'NR > 3 { print $1, $2, $3 " connections, in " $4, $6 ", out " $5, $7 }' ''')
FAMILIES = dict(IPv4=(Raw, VIP, DVIP, '10.0.1.10', ('10.0.2.11', '10.0.2.12')), IPv6=(Raw6, VIP6, DVIP6, '2001:db8:1::10', ('2001:db8:2::11', '2001:db8:2::12')))
ORDERS = (('in order', (0, 1, 2)), ('the last one first', (2, 0, 1)), ('the first one last', (1, 2, 0)), ('backwards', (2, 1, 0)))
def family_of(family, lost):
    """`lost`: only what is not whole once, of which a host sends an error within a minute"""
    raw, vip, dvip, client, servers = FAMILIES[family]
    C, R, back, there, six = raw('c'), raw('r1'), Pieces('c'), Pieces('r1', 'r2'), family == 'IPv6'; at = '[%s]:80' if six else '%s:80'
    for method, address, flag in (('NAT', vip, '-m'), ('direct routing', dvip, '-g'), ('tunnels', dvip, '-i')):
        for proto, name in ((17, 'UDP'), (6, 'TCP')):
            option = '-u' if proto == 17 else '-t'
            def table(text): out('\n== %s, %s, %s: %s' % (family, method, name, text)); dq('ipvsadm -A %s %s -s rr' % (option, at % address)); [dq('ipvsadm -a %s %s -r %s %s' % (option, at % address, at % s, flag)) for s in servers]
            def fresh(): port[0] += 1; return port[0]
            def ask(p, n=2500, flags='A', **k): send(C, client, address, proto, transport(proto, client, p, address, 80, n, flags), **k)
            def answer(p, n=2500, **k): send(R, servers[0], client, proto, transport(proto, servers[0], 80, client, p, n), **k)
            def begun():
                """a connection of the first server's: each second one is"""
                for _ in range(2):
                    p = fresh(); t = transport(proto, client, p, address, 80, 1 if proto == 17 else 0, 'S'); C.ip(client, address, proto, t); time.sleep(.05)
                    if flag == '-m' and proto == 6: R.tcp(servers[0], 80, client, p, 'SA', ack=1001); time.sleep(.05); C.tcp(client, p, address, 80, 'A', seq=1001, ack=1)
                time.sleep(.1); return p
            if lost:
                table('pieces that are lost, or come twice'); p = begun()
                there.saw('the first one alone', lambda: ask(p, order=(0,))); there.saw('without the first one', lambda: ask(p, order=(1, 2))); there.saw('without the middle one', lambda: ask(p, order=(0, 2))); there.saw('one twice', lambda: ask(p, order=(0, 1, 1, 2))); dq('ipvsadm -C'); continue
            table('packets that begin connections')
            for what, order in ORDERS: p = fresh(); there.saw(what, lambda: ask(p, flags='S', order=order))
            counted(); dq('ipvsadm -C')
            table('packets of connections'); p = begun()
            for what, order in ORDERS: there.saw(what, lambda: ask(p, order=order))
            there.saw('fifteen pieces', lambda: ask(p, 14500)); there.saw('fifteen pieces, backwards', lambda: ask(p, 14500, order=range(14, -1, -1)))
            there.saw('pieces of 24 bytes', lambda: ask(p, 40, size=24)); counted(); dq('ipvsadm -C')
            table('two packets at a time'); p, q, one, other = begun(), fresh(), ident(), ident()
            def mixed(first, then):
                t = {one: transport(proto, client, p, address, 80, 1500), other: transport(proto, client, q, address, 80, 1501, 'S')}
                for n, i in first + then: send(C, client, address, proto, t[n], order=(i,), n=n)
            there.saw('the first ones first', lambda: mixed(((one, 0), (other, 0)), ((other, 1), (one, 1)))); counted(); dq('ipvsadm -C')
            if flag != '-m': continue
            table('answers'); p = begun()
            for what, order in ORDERS: back.saw(what, lambda: answer(p, order=order))
            back.saw('fifteen pieces', lambda: answer(p, 14500)); counted(); dq('ipvsadm -C')
for lost in (False, True):
    for family in FAMILIES: family_of(family, lost)
