#!/usr/bin/python3
# A connection of one service, and a service for its packets that comes later: of all ports, of a mark, of one port, in each order. Whose server gets
# the packets of the connection, and whose those of a new one.
import sys; sys.path.insert(0, '/job/guest')
from tb import *
from packets import *
build(4, tcpports=(80, 443), udpports=(53, 5060))
RS = {str(i): '10.0.2.%d' % (10 + i) for i in range(1, 5)}
RS6 = {str(i): '2001:db8:2::%x' % (16 + i) for i in range(1, 5)}
SRC, SRC6 = '10.0.1.10', '2001:db8:1::10'
port = [26000]
def add(service, servers, extra='', rport='', how='-m', six=False):
    dq('ipvsadm -A %s -s rr %s' % (service, extra))
    for n in servers: dq('ipvsadm -a %s -r %s%s %s' % (service, '[%s]' % RS6[n] if six else RS[n], rport, how))
def marked(*what): [dq('iptables -t mangle -A PREROUTING %s -j MARK --set-mark 7' % w) for w in what]
def clear(): dq('ipvsadm -C; iptables -t mangle -F PREROUTING')
def flow(dst=VIP, dport=53, src=SRC):
    port[0] += 1; s, a = udp(dst, dport, src, port[0]); out('a flow begins: %s' % a); return s
def ask(s, size=1):
    try: s.send(b'q' * size); return s.recv(65535).decode()
    except OSError: return '(nothing)'
def both(s, dst=VIP, dport=53, src=SRC): out('the flow: %s' % seq([ask(s), ask(s)])); port[0] += 1; out('a new one: %s' % udp(dst, dport, src, port[0])[1])
EXACT, ALL, MARK = '-u %s:53' % VIP, '-u %s:0' % VIP, '-f 7'
TO_EXACT = dict(servers='3', rport=':53')
def gone(s, text, command): dq(command); out(text); both(s)

out('== UDP: all ports, then one port'); add(ALL, '12', '-p 300'); s = flow(); add(EXACT, **TO_EXACT); both(s)
out('in fragments: %s' % ask(s, 3000)); gone(s, 'the service of one port goes', 'ipvsadm -D ' + EXACT); clear()
out('== UDP: all ports, then one port whose server is the same'); add(ALL, '1', '-p 300'); s = flow(); add(EXACT, '1', rport=':5060'); both(s); clear()
out('== UDP: all ports, then one port, and the server of the flow is deleted'); add(ALL, '12', '-p 300'); s = flow(); add(EXACT, **TO_EXACT)
dq('ipvsadm -d %s -r %s; ipvsadm -d %s -r %s' % (ALL, RS['1'], ALL, RS['2'])); both(s); dq('sysctl -w net.ipv4.vs.expire_nodest_conn=1'); both(s); dq('sysctl -w net.ipv4.vs.expire_nodest_conn=0'); clear()
out('== UDP: one port, then all ports'); add(EXACT, **TO_EXACT); s = flow(); add(ALL, '12', '-p 300'); both(s); gone(s, 'the service of one port goes', 'ipvsadm -D ' + EXACT); clear()
out('== UDP: a mark, then one port'); marked('-d %s -p udp' % VIP); add(MARK, '12'); s = flow(); add(EXACT, **TO_EXACT); both(s)
out('in fragments: %s' % ask(s, 3000)); gone(s, 'the rule goes', 'iptables -t mangle -F PREROUTING'); gone(s, 'the service of one port goes', 'ipvsadm -D ' + EXACT); clear()
out('== UDP: a mark, whose rule goes, then one port'); marked('-d %s -p udp' % VIP); add(MARK, '12'); s = flow(); dq('iptables -t mangle -F PREROUTING'); add(EXACT, **TO_EXACT); both(s); clear()
out('== UDP: one port, then a mark'); add(EXACT, **TO_EXACT); s = flow(); marked('-d %s -p udp' % VIP); add(MARK, '12'); both(s); clear()
out('== UDP: all ports, then a mark'); add(ALL, '12', '-p 300'); s = flow(); marked('-d %s -p udp' % VIP); add(MARK, '4'); both(s); clear()
out('== UDP: a mark, whose rule goes, then all ports'); marked('-d %s -p udp' % VIP); add(MARK, '4'); s = flow(); dq('iptables -t mangle -F PREROUTING'); add(ALL, '12', '-p 300'); both(s); clear()
out('== UDP over IPv6: all ports, then one port'); add('-u [%s]:0' % VIP6, '12', '-p 300', ':0', six=True); s = flow(VIP6, src=SRC6); add('-u [%s]:53' % VIP6, '3', rport=':53', six=True); both(s, VIP6, src=SRC6)
out('in fragments: %s' % ask(s, 3000)); clear()
out('== UDP, direct routing: all ports, then one port'); add('-u %s:0' % DVIP, '12', '-p 300', how='-g'); s = flow(DVIP); add('-u %s:53' % DVIP, '3', how='-g'); both(s, DVIP); clear()

mute('c', *['r%d' % i for i in range(1, 5)], protocols=('tcp', 'sctp')); C = Raw('c')
def entries(): return ', '.join('%s to %d: %s %s' % (x['p'], x['vp'], str(int(x['d'], 16) & 7), x['st']) for x in sorted(conns(), key=lambda x: (x['p'], x['vp'])) if x['cp'] == port[0] and x['st'] not in ('NONE', 'ASSURED'))
def tcp(text, flags): C.tcp(SRC, port[0], VIP, 80, flags); time.sleep(.05); out('%s: %s' % (text, entries()))
def assoc(text, chunk): C.ip(SRC, VIP, 132, sctp(port[0], 80, chunk)); time.sleep(.05); out('%s: %s' % (text, entries()))
def begun(): port[0] += 1
ALL, EXACT = '-t %s:0' % VIP, '-t %s:80' % VIP
out('== TCP: all ports, then one port'); add(ALL, '12', '-p 300'); begun(); tcp('SYN', 'S'); add(EXACT, '3', rport=':80'); tcp('SYN again', 'S'); tcp('ACK', 'A'); tcp('SYN once more', 'S'); tcp('RST', 'R'); tcp('SYN after that', 'S'); begun(); tcp('a new one', 'S'); clear()
out('== TCP: a mark, then one port'); marked('-d %s -p tcp' % VIP); add(MARK, '12'); begun(); tcp('SYN', 'S'); add(EXACT, '3', rport=':80'); tcp('SYN again', 'S'); tcp('ACK', 'A'); dq('iptables -t mangle -F PREROUTING'); tcp('SYN without the rule', 'S'); tcp('RST', 'R'); tcp('SYN after that', 'S'); clear()
out('== TCP: one port, then a mark'); add(EXACT, '3', rport=':80'); begun(); tcp('SYN', 'S'); marked('-d %s -p tcp' % VIP); add(MARK, '12'); tcp('SYN again', 'S'); tcp('ACK', 'A'); begun(); tcp('a new one', 'S'); clear()
ALL, EXACT = '--sctp-service %s:0' % VIP, '--sctp-service %s:80' % VIP
out('== SCTP: all ports, then one port'); add(ALL, '12', '-p 300'); begun(); assoc('INIT', 'INIT'); add(EXACT, '3', rport=':80'); assoc('INIT again', 'INIT'); assoc('COOKIE ECHO', 'COOKIE_ECHO'); begun(); assoc('a new one', 'INIT'); clear()
