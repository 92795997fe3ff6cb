#!/usr/bin/python3
# Datagrams without a checksum, with a right one and a wrong one, by NAT and direct routing, in both directions and families:
# which checksum the other side gets.
import sys; sys.path.insert(0, '/job/guest')
from tb import *
from packets import mute, udp6, Raw6
build(3, tcpports=(81,), udpports=(54,))
for six in (False, True): mute('c', 'r1', protocols=('udp',), six=six)
def packets(ns, six):
    setns(ns); s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x86dd if six else 0x800)); s.bind(('eth0', 0x86dd if six else 0x800)); setns('c'); return s
def summed(source, to, t):
    pseudo = socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, to) + struct.pack('!II', len(t), 17) if ':' in source else socket.inet_aton(source) + socket.inet_aton(to) + struct.pack('!BBH', 0, 17, len(t))
    return cksum(pseudo + t[:6] + bytes(2) + t[8:]) or 0xffff
def came(s, six, data):
    s.settimeout(.7)
    try:
        while True:
            m, who = s.recvfrom(2048)
            if who[2] == 4 or m[6 if six else 9] != 17: continue
            a, b, t = (socket.inet_ntop(socket.AF_INET6, m[8:24]), socket.inet_ntop(socket.AF_INET6, m[24:40]), m[40:]) if six else (socket.inet_ntoa(m[12:16]), socket.inet_ntoa(m[16:20]), m[20:struct.unpack('!H', m[2:4])[0]])
            if not t.endswith(data): continue
            check = struct.unpack('!H', t[6:8])[0]
            return '%s %d > %s %d, checksum %s' % (a, struct.unpack('!H', t[:2])[0], b, struct.unpack('!H', t[2:4])[0], 'none' if check == 0 else 'right' if check == summed(a, b, t) else 'wrong')
    except socket.timeout: return 'nothing'
def send(raw, source, sp, to, dp, data, kind):
    t = struct.pack('!HHHH', sp, dp, 8 + len(data), 0) + data; check = dict(none=0, right=summed(source, to, t), wrong=summed(source, to, t) ^ 0x0101)[kind]
    raw.ip(source, to, 17, t[:6] + struct.pack('!H', check) + t[8:])
port = [30000]
for family, raw, vip, dvip, client, server in (('IPv4', Raw, VIP, DVIP, '10.0.1.10', '10.0.2.11'), ('IPv6', Raw6, VIP6, DVIP6, '2001:db8:1::10', '2001:db8:2::11')):
    six = family == 'IPv6'; at = '[%s]:%d' if six else '%s:%d'
    C, R, atClient, atServer = raw('c'), raw('r1'), packets('c', six), packets('r1', six)
    for method, address, flag, dp in (('NAT', vip, '-m', 53), ('NAT to another port', vip, '-m', 1053), ('direct routing', dvip, '-g', 53)):
        out('\n== %s, %s' % (family, method))
        d('ipvsadm -A -u %s -s rr; ipvsadm -a -u %s -r %s %s' % (at % (address, 53), at % (address, 53), at % (server, dp), flag))
        for kind in ('none', 'right', 'wrong'):
            for size in (0, 1, 9, 1200):
                data = bytes((7 * k + size) & 255 for k in range(size)) if size else b''; port[0] += 1
                send(C, client, port[0], address, 53, data, kind); out('%-5s, %4d bytes, of the client: %s' % (kind, size, came(atServer, six, data)))
                if flag == '-m': send(R, server, dp, client, port[0], data, kind); out('%-5s, %4d bytes, of the server: %s' % (kind, size, came(atClient, six, data)))
        dq('ipvsadm -C')
