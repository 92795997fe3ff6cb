"""Tunnels of each type and checksum, of the packets of one family over both: what leaves the director."""
import re, socket, struct, time
from tb import *
from packets import Listener, Raw6, mute, settle
from wire import GUE, Wire

build(3, tcpports=(81,), udpports=(54,))
for six in (False, True): mute('c', 'r1', six=six); mute('c', 'r1', protocols=('udp', '4', '41', '47'), six=six)
dq('ethtool -K eth0 gro off; ethtool -K eth1 gro off tx off')   # a checksum is complete when it leaves
BEHIND = (('ipip', '--tun-type ipip', 0), ('gre', '--tun-type gre --tun-nocsum', 4), ('gre with a checksum', '--tun-type gre --tun-csum', 8),
          ('gue', '--tun-type gue --tun-port %d --tun-nocsum' % GUE, 12), ('gue with a checksum', '--tun-type gue --tun-port %d --tun-csum' % GUE, 12),
          ('gue with remote checksum offload', '--tun-type gue --tun-port %d --tun-remcsum' % GUE, 12))
FAMILIES = dict(IPv4=(Raw, DVIP, '10.0.1.10', False), IPv6=(Raw6, DVIP6, '2001:db8:1::10', True))
SERVERS = dict(IPv4=('10.0.2.11', 20), IPv6=('2001:db8:2::11', 40))
W = Wire('r1'); port = [30000]
def mtu(n): dq('ip link set eth1 mtu %d' % n); time.sleep(2.2)
def counted(): settle(); d('''ipvsadm -Ln --stats | awk 'NR > 3 { print $2, $3 " connections, in " $4, $6 }' ''')
def tunnels(family):
    raw, vip, client, six = FAMILIES[family]
    C, H = raw('c'), Listener('c', six); at = '[%s]' if six else '%s'; life = 'hops' if six else 'ttl'; inner = 40 if six else 20
    for over, (server, outer) in SERVERS.items():
        for kind, options, behind in BEHIND:
            service = (at % vip) + ':80'
            def table(): dq('ipvsadm -A -t %s -s rr; ipvsadm -A -u %s -s rr' % (service, service)); [dq('ipvsadm -a %s %s -r %s -i %s' % (p, service, '[%s]:80' % server if over == 'IPv6' else server, options)) for p in ('-t', '-u')]
            def syn(**k): port[0] += 1; C.tcp(client, port[0], vip, 80, 'S', **k)
            def datagram(n, check=None, **k):
                port[0] += 1; data = bytes(i & 255 for i in range(n))
                if check is None: C.udp(client, port[0], vip, 80, data, **k)
                else: C.ip(client, vip, 17, struct.pack('!HHHH', port[0], 80, 8 + n, check) + data, **k)
            def plain():
                setns('c'); s = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM); port[0] += 1; s.bind((client, port[0])); s.sendto(b'x' * 33, (vip, 80)); s.close()
            out('\n== %s over %s by %s: headers' % (family, over, kind)); table()
            W.saw('SYN', syn)
            for tos in (0xb8, 0x01, 0x02, 0x03, 0xff): W.saw('TOS %02x' % tos, lambda: syn(tos=tos))
            for n in (2, 255): W.saw('TTL %d' % n, lambda: syn(**{life: n}))
            H.heard('TTL 1', lambda: syn(**{life: 1}))
            if not six: W.saw('no DF', lambda: syn(frag=0))
            for n in (0, 1, 999): W.saw('%d bytes of UDP' % n, lambda: datagram(n))
            if not six: W.saw('UDP without a checksum', lambda: datagram(7, 0))
            seen = W.all(plain); out('a datagram of a socket: ' + (re.sub(',? sum (right|WRONG|none)', '', seen[0]) if seen else 'nothing'))   # its checksums may be left to the next device
            counted(); dq('ipvsadm -C')
            out('\n== %s over %s by %s: a path of 1400' % (family, over, kind)); table(); mtu(1400); fits = 1400 - outer - behind - inner - 20
            def data(n, **k): port[0] += 1; syn(); C.tcp(client, port[0], vip, 80, 'A', ack=1, **k); time.sleep(.25); return lambda: C.tcp(client, port[0], vip, 80, 'PA', ack=1, data=b'x' * n, **k)
            W.saw('the largest that fits', data(fits)); H.heard('a byte more', data(fits + 1)); H.heard('much more', data(1440 if not six else 1420)); H.heard('TTL 1 and too large', data(fits + 1, **{life: 1}))
            if not six:
                dq('sysctl -qw net.ipv4.vs.pmtu_disc=0'); W.saw('without pmtu_disc, DF', data(10)); dq('sysctl -qw net.ipv4.vs.pmtu_disc=1')
            mtu(1500); counted(); dq('ipvsadm -C')
