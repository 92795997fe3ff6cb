#!/usr/bin/python3
# Firewall marks set by iptables: ports that are grouped, NAT and direct routing, persistence by mark, counters, several marks, both families.
import sys; sys.path.insert(0, '/job/guest')
from tb import *
build(3, tcpports=(80, 81, 443, 8080), udpports=(53,))
RS = {str(i): '10.0.2.%d' % (10 + i) for i in range(1, 4)}
RS6 = {str(i): '2001:db8:2::%x' % (16 + i) for i in range(1, 4)}
SRC = ['10.0.1.%d' % (10 + i) for i in range(6)]
base = [20000]
def go(dst, ports, srcs, label):
    r = []
    for s_ in srcs:
        for p in ports:
            base[0] += 1; s, a = conn(dst, p, s_, base[0]); r.append(a); close(s)
    out('%s: %s' % (label, seq(r)))
def mark(n, *what, six=False):
    for w in what: dq('%s -t mangle -A PREROUTING %s -j MARK --set-mark %d' % ('ip6tables' if six else 'iptables', w, n))
def clear(): dq('ipvsadm -C; iptables -t mangle -F; ip6tables -t mangle -F')
def show(what): time.sleep(.05); d(what)
out('== one mark for two ports, NAT with the servers own ports'); mark(1, '-d %s -p tcp -m multiport --dports 80,443' % VIP)
d('ipvsadm -A -f 1 -s rr'); [d('ipvsadm -a -f 1 -r %s -m' % RS[n]) for n in '123']
go(VIP, (80,), SRC[:1] * 6, 'port 80'); go(VIP, (443, 80), SRC[:1] * 3, 'both ports, one client'); go(VIP, (8080,), SRC[:1], 'a port without the mark')
show('ipvsadm -Ln'); show('ipvsadm -Ln -f 1'); show('cat /proc/net/ip_vs'); show('ipvsadm -Sn')
time.sleep(2.2); d('ipvsadm -Ln --stats -f 1')
out('== to one port of the servers'); dq('ipvsadm -d -f 1 -r %s' % RS['3']); d('ipvsadm -a -f 1 -r %s:8080 -m' % RS['3']); go(VIP, (80, 443), SRC[:1] * 3, 'both ports'); show('ipvsadm -Ln -f 1')
out('== beside a service of the same address'); d('ipvsadm -A -t %s:80 -s rr' % VIP); d('ipvsadm -a -t %s:80 -r %s:80 -m' % (VIP, RS['2'])); go(VIP, (80, 443), SRC[:1] * 3, 'both ports'); show('ipvsadm -Ln'); clear()
out('== persistence by mark: both ports of a client to one server'); mark(2, '-d %s -p tcp -m multiport --dports 80,443' % VIP)
d('ipvsadm -A -f 2 -s rr -p 100'); [dq('ipvsadm -a -f 2 -r %s -m' % RS[n]) for n in '123']
go(VIP, (80, 443), SRC, 'six clients'); go(VIP, (443, 80), SRC, 'again'); show('ipvsadm -Ln --persistent-conn'); show("ipvsadm -Lcn | sed 's/[0-9]*:[0-9]* *NONE/T NONE/; s/[0-9]*:[0-9]* *ASSURED/T ASSURED/' | grep -E ' T (NONE|ASSURED)' | sort")
dq('ipvsadm -e -f 2 -r %s -m -w 0' % RS['1']); go(VIP, (80,), SRC, '1 quiesced'); dq('ipvsadm -d -f 2 -r %s' % RS['2']); go(VIP, (80,), SRC, '2 deleted'); show('ipvsadm -Ln'); clear()
out('== by network of clients'); mark(2, '-d %s -p tcp -m multiport --dports 80,443' % VIP); d('ipvsadm -A -f 2 -s rr -p 100 -M 255.255.255.252'); [dq('ipvsadm -a -f 2 -r %s -m' % RS[n]) for n in '123']; go(VIP, (80, 443), SRC, 'six clients'); show('ipvsadm -Ln'); clear()
out('== routed'); mark(3, '-d %s -p tcp' % DVIP); d('ipvsadm -A -f 3 -s wrr'); [d('ipvsadm -a -f 3 -r %s -g -w %s' % (RS[n], n)) for n in '123']; go(DVIP, (80, 443, 8080), SRC[:1] * 4, 'three ports'); show('ipvsadm -Ln'); clear()
out('== UDP and TCP under one mark'); mark(4, '-d %s -p udp' % VIP, '-d %s -p tcp' % VIP); d('ipvsadm -A -f 4 -s rr'); [dq('ipvsadm -a -f 4 -r %s -m' % RS[n]) for n in '123']
go(VIP, (80,), SRC[:1] * 2, 'TCP'); out('UDP: ' + seq([udp(VIP, 53, SRC[0], 26000 + i)[1] for i in range(3)])); go(VIP, (80,), SRC[:1] * 2, 'TCP'); show('ipvsadm -Ln'); clear()
out('== two marks, by client'); mark(5, '-s 10.0.1.10 -d %s -p tcp' % VIP); mark(6, '-s 10.0.1.11 -d %s -p tcp' % VIP)
for f, n in ((5, '1'), (6, '2')): dq('ipvsadm -A -f %d -s rr; ipvsadm -a -f %d -r %s -m' % (f, f, RS[n]))
go(VIP, (80, 443), SRC[:2], 'two clients'); go(VIP, (80,), SRC[2:3], 'one without a mark'); show('ipvsadm -Ln'); clear()
out('== hashes'); mark(7, '-d %s -p tcp' % VIP)
for sched in ('sh', 'mh', 'dh'): dq('ipvsadm -A -f 7 -s %s' % sched); [dq('ipvsadm -a -f 7 -r %s -m' % RS[n]) for n in '123']; go(VIP, (80, 443), SRC, sched); dq('ipvsadm -D -f 7')
clear()
out('== no server'); mark(8, '-d %s -p tcp' % VIP); d('ipvsadm -A -f 8 -s rr'); go(VIP, (80,), SRC[:1], 'none'); d('ipvsadm -a -f 8 -r %s:80 -m -w 0' % RS['1']); go(VIP, (80,), SRC[:1], 'weight 0'); show('ipvsadm -Ln'); clear()
out('== IPv6'); mark(9, '-d %s -p tcp -m multiport --dports 80,443' % VIP6, six=True); d('ipvsadm -A -f 9 -6 -s rr -p 100'); [d('ipvsadm -a -f 9 -6 -r [%s] -m' % RS6[n]) for n in '123']; [d('ipvsadm -a -f 9 -6 -r [%s]:0 -m' % RS6[n]) for n in '123']
go(VIP6, (80, 443), ['2001:db8:1::10', '2001:db8:1::11'], 'two clients'); show('ipvsadm -Ln'); show('ipvsadm -Sn'); show('cat /proc/net/ip_vs'); clear()
