#!/usr/bin/python3
# Settings that decide about single packets, by hand-made ones: sloppy_tcp, nat_icmp_send, conn_reuse_mode, secure_tcp, and UDP's states.
import sys; sys.path.insert(0, '/job/guest')
from tb import *
build(3)
for n in ('c', 'r1', 'r2', 'r3'): dq('iptables -t raw -A PREROUTING -i eth0 -p tcp -j DROP', n)
C, R1 = Raw('c'), Raw('r1')
d('ipvsadm -A -t 10.0.1.100:80 -s rr; ipvsadm -a -t 10.0.1.100:80 -r 10.0.2.11 -m')
sp = [30000]
def entry(cp, vp=80): return ' '.join('%s %d' % (x['st'], x['ex']) for x in conns() if x['cp'] == cp and x['vp'] == vp) or '-'
def first(flags):
    sp[0] += 1; C.tcp('10.0.1.10', sp[0], VIP, 80, flags); time.sleep(.05); return entry(sp[0])
for sloppy in (0, 1):
    d('sysctl -w net.ipv4.vs.sloppy_tcp=%d' % sloppy)
    for flags in ('S', 'SA', 'A', 'PA', 'FA', 'F', 'RA', 'R', ''): out('first packet %-3s -> %s' % (flags, first(flags)))
d('sysctl -w net.ipv4.vs.sloppy_tcp=0')
out('\n# --- nat_icmp_send: packets of the server without a connection; what the server gets')
setns('r1'); I = socket.socket(socket.AF_INET, socket.SOCK_RAW, 1); I.settimeout(.7); setns('c')
def server(text, send):
    try:
        while I.recv(4096): pass
    except OSError: pass
    send()
    try: m = I.recv(4096); h = (m[0] & 15) * 4; out('%-34s ICMP type %d code %d from %s, about a packet to %s' % (text, m[h], m[h + 1], socket.inet_ntoa(m[12:16]), socket.inet_ntoa(m[h + 24:h + 28])))
    except socket.timeout: out('%-34s nothing' % text)
d('ipvsadm -A -u 10.0.1.100:53 -s rr; ipvsadm -a -u 10.0.1.100:53 -r 10.0.2.11 -m')
for on in (0, 1):
    d('sysctl -w net.ipv4.vs.nat_icmp_send=%d' % on)
    server('TCP ACK from port 80', lambda: R1.tcp('10.0.2.11', 80, '10.0.1.10', 40000, 'A', ack=1))
    server('TCP RST from port 80', lambda: R1.tcp('10.0.2.11', 80, '10.0.1.10', 40000, 'R'))
    server('TCP SYN from port 80', lambda: R1.tcp('10.0.2.11', 80, '10.0.1.10', 40000, 'S'))
    server('TCP ACK from port 81, no server', lambda: R1.tcp('10.0.2.11', 81, '10.0.1.10', 40000, 'A', ack=1))
    first('S'); server('TCP SYN+ACK of a connection', lambda: R1.tcp('10.0.2.11', 80, '10.0.1.10', sp[0], 'SA', ack=1))
d('sysctl -w net.ipv4.vs.nat_icmp_send=0')
out('\n# --- UDP: one state; --set takes effect at the next packet')
C.udp('10.0.1.10', 31000, VIP, 53, b'q'); time.sleep(.05); out('one port -> ' + entry(31000, 53))
d('ipvsadm --set 0 0 55'); time.sleep(.05); C.udp('10.0.1.10', 31000, VIP, 53, b'q'); time.sleep(.05); out('one port -> ' + entry(31000, 53))
C.udp('10.0.1.10', 31001, VIP, 53, b'q'); time.sleep(.05); out('another -> ' + entry(31001, 53)); d('ipvsadm --set 900 120 300')
out('\n# --- secure_tcp on and off under an entry: its next packet goes by the other table')
for path in (['S', 'A'], ['S', 'S'], ['S', 'A', 'S']):
    for v in (0, 3):
        d('sysctl -w net.ipv4.vs.secure_tcp=%d' % v); sp[0] += 1
        for f in path: C.tcp('10.0.1.10', sp[0], VIP, 80, f); time.sleep(.02)
        R1.tcp('10.0.2.11', 80, '10.0.1.10', sp[0], 'SA', ack=1); time.sleep(.05); out('%s, then SA of the server -> %s' % (' '.join(path), entry(sp[0])))
d('sysctl -w net.ipv4.vs.secure_tcp=0')
