#!/usr/bin/python3
# Settings that decide about single packets, by hand-made ones of IPv6: nat_icmp_send, schedule_icmp.
import sys; sys.path.insert(0, '/job/guest')
from tb import *
from packets import Listener, Raw6, header6, mute, tcp6, udp6
build(3)
mute('c', 'r1', 'r2', 'r3', six=True); mute('c', 'r1', 'r2', 'r3', six=True, protocols=('udp',))
CL, S1, S2 = '2001:db8:1::10', '2001:db8:2::11', '2001:db8:2::12'
C, R1 = Raw6('c'), Raw6('r1')
d('ipvsadm -A -t [%s]:80 -s rr; ipvsadm -a -t [%s]:80 -r [%s]:80 -m' % (VIP6, VIP6, S1))
d('ipvsadm -A -u [%s]:53 -s rr; ipvsadm -a -u [%s]:53 -r [%s]:53 -m' % (VIP6, VIP6, S1))
d('ipvsadm -A -t [%s]:80 -s rr; ipvsadm -a -t [%s]:80 -r [%s]:80 -g' % (DVIP6, DVIP6, S1))
out('\n# --- nat_icmp_send: packets of the server without a connection; what the server gets')
I = Listener('r1', True)
for on in (0, 1):
    d('sysctl -w net.ipv4.vs.nat_icmp_send=%d' % on)
    I.heard('TCP ACK from port 80', lambda: R1.tcp(S1, 80, CL, 40000, 'A', ack=1))
    I.heard('TCP RST from port 80', lambda: R1.tcp(S1, 80, CL, 40000, 'R'))
    I.heard('TCP SYN from port 80', lambda: R1.tcp(S1, 80, CL, 40000, 'S'))
    I.heard('UDP from port 53', lambda: R1.udp(S1, 53, CL, 40000, b'answer'))
    I.heard('UDP from port 54, no server', lambda: R1.udp(S1, 54, CL, 40000, b'answer'))
    I.heard('TCP ACK from port 81, no server', lambda: R1.tcp(S1, 81, CL, 40000, 'A', ack=1))
    C.tcp(CL, 30000 + on, VIP6, 80, 'S'); time.sleep(.1)
    I.heard('TCP SYN+ACK of a connection', lambda: R1.tcp(S1, 80, CL, 30000 + on, 'SA', ack=1))
d('sysctl -w net.ipv4.vs.nat_icmp_send=0')
out('\n# --- schedule_icmp: errors about answers to a client that has no connection here; what the server gets')
def about(vip, proto): return header6(vip, CL, proto, tcp6(vip, 80, CL, 50000, 'A') if proto == 6 else udp6(vip, 53, CL, 50000, b'answer'))
for on in (0, 1):
    d('sysctl -w net.ipv4.vs.schedule_icmp=%d' % on)
    for name, kind, code, rest in (('too big', 2, 0, 1300), ('time exceeded', 3, 0, 0)):
        for method, vip, proto in (('NAT, TCP', VIP6, 6), ('NAT, UDP', VIP6, 17), ('DR', DVIP6, 6)):
            I.heard('%s, %s' % (method, name), lambda: C.icmp(CL, vip, kind, code, rest, about(vip, proto)))
