#!/usr/bin/python3
# Counters of services and servers after known packets: NAT and routed, both directions, TCP and UDP, one-packet scheduling, refused and
# foreign packets, ICMP, zeroing one service and all; what an edit, a deletion and an addition do to them.
import sys; sys.path.insert(0, '/job/guest')
from tb import *
from packets import settle
build(3, tcpports=(81,), udpports=(54,))
C, R = Raw('c'), {str(i): Raw('r%d' % i) for i in range(1, 4)}
for n in ('c', 'r1', 'r2', 'r3'): dq('iptables -t raw -A PREROUTING -i eth0 -p tcp -j DROP; iptables -t raw -A PREROUTING -i eth0 -p udp --dport 53 -j DROP', n)
RS = {str(i): '10.0.2.%d' % (10 + i) for i in range(1, 4)}
d('ipvsadm -A -t 10.0.1.100:80 -s rr'); [d('ipvsadm -a -t 10.0.1.100:80 -r %s -m' % RS[n]) for n in '12']
d('ipvsadm -A -u 10.0.1.100:53 -s rr'); [d('ipvsadm -a -u 10.0.1.100:53 -r %s -m' % RS[n]) for n in '12']
d('ipvsadm -A -u 10.0.1.100:55 -s rr -o'); [d('ipvsadm -a -u 10.0.1.100:55 -r %s:53 -m' % RS[n]) for n in '12']
d('ipvsadm -A -t 10.0.1.101:80 -s rr'); [d('ipvsadm -a -t 10.0.1.101:80 -r %s -g' % RS[n]) for n in '12']
def stats(text): settle(); out('\n== ' + text); d('ipvsadm -Ln --stats')
def client(sp, flags, n=0, vip=VIP): C.tcp('10.0.1.10', sp, vip, 80, flags, ack=1, data=b'x' * n)
def server(r, sp, flags, n=0): R[r].tcp(RS[r], 80, '10.0.1.10', sp, flags, ack=1, data=b'y' * n)
stats('nothing yet')
client(30001, 'S'); time.sleep(.05); server('2', 30001, 'SA'); client(30001, 'A'); client(30001, 'PA', 100); server('2', 30001, 'PA', 1000); server('2', 30001, 'A')
stats('one TCP connection of 2: 3 in, 3 out, 100 and 1000 bytes of data')
client(30002, 'S'); time.sleep(.05); client(30002, 'S'); client(30002, 'S'); stats('a second one, of 1: three SYNs')
client(30003, 'A'); client(30003, 'PA', 50); client(30003, 'R'); stats('packets of no connection')
server('1', 30777, 'PA', 10); server('1', 30001, 'PA', 10); stats('packets of servers that belong to no connection')
for i in range(4): C.udp('10.0.1.10', 31000 + i % 2, VIP, 53, b'q' * 10)
time.sleep(.05); R['2'].udp(RS['2'], 53, '10.0.1.10', 31000, b'a' * 20); stats('UDP: two ports, two datagrams each; one answer')
for i in range(5): C.udp('10.0.1.10', 31500, VIP, 55, b'q' * 10)
time.sleep(.05); R['2'].udp(RS['2'], 53, '10.0.1.10', 31500, b'a' * 20); stats('one-packet scheduling: five datagrams of one port; one answer'); d('ipvsadm -Lcn | grep -c :55')
client(30010, 'S', vip=DVIP); time.sleep(.05); client(30010, 'A', vip=DVIP); client(30010, 'PA', 200, vip=DVIP); stats('routed: three packets')
d('ipvsadm -e -t 10.0.1.100:80 -r 10.0.2.12 -m -w 5'); d('ipvsadm -E -t 10.0.1.100:80 -s wrr'); stats('edits keep them')
d('ipvsadm -d -t 10.0.1.100:80 -r 10.0.2.12'); d('ipvsadm -a -t 10.0.1.100:80 -r 10.0.2.12 -m'); stats('a server that was deleted and added again')
d('ipvsadm -d -t 10.0.1.100:80 -r 10.0.2.11'); d('ipvsadm -a -t 10.0.1.100:80 -r 10.0.2.13 -m'); stats('another one in its place')
d('ipvsadm -Z -t 10.0.1.100:80'); stats('one service set to 0'); client(30001, 'PA', 100); stats('and a packet after it')
d('ipvsadm -Z'); stats('all set to 0'); client(30001, 'PA', 100); C.udp('10.0.1.10', 31000, VIP, 53, b'q' * 10); stats('and two packets after it')
d('ipvsadm -Z -t 10.0.1.100:99'); d('ipvsadm -D -t 10.0.1.100:80'); d('ipvsadm -A -t 10.0.1.100:80 -s rr'); d('ipvsadm -a -t 10.0.1.100:80 -r 10.0.2.12 -m'); stats('a service that was deleted and added again')
