#!/usr/bin/python3
# The persistence engine of SIP by messages: which server each goes to, by its Call-ID and its client; forms of the header,
# messages without one; templates; NAT, direct routing, one-packet scheduling, networks of clients; what a server begins itself.
import sys; sys.path.insert(0, '/job/guest')
from tb import *
build(3)
A, B, N = '10.0.1.10', '10.0.1.11', '10.0.1.12'
port = [31000]
def message(*headers, first='INVITE sip:bob@example.org SIP/2.0'): return '\r\n'.join((first, 'Via: SIP/2.0/UDP 10.0.1.10:5060;branch=z9hG4bK7', 'Max-Forwards: 70', 'From: <sip:a@example.org>;tag=1', 'To: <sip:b@example.org>') + headers + ('CSeq: 1 INVITE', 'Content-Length: 0', '', '')).encode()
def ask(text, msg, src=A, sport=None, vip=VIP):
    if sport is None: port[0] += 1; sport = port[0]
    s, answer = udp(vip, 5060, src, sport, msg, .7); s.close(); out('%-58s %s' % (text, answer))
tag = '0'   # templates outlive their service: each table has Call-IDs of its own
def call(n): return message('Call-ID: %s-%s@example.org' % (tag, n))
def table(text, vip=VIP, options='-p 60 --pe sip', flag='-m'):
    global tag
    tag = chr(ord(tag) + 1); out('\n== ' + text); d('ipvsadm -A -u %s:5060 -s rr %s' % (vip, options))
    for n in (1, 2, 3): dq('ipvsadm -a -u %s:5060 -r 10.0.2.1%d %s' % (vip, n, flag))
def templates(): d("ipvsadm -Lcn --persistent-conn | awk '$7 == \"sip\" && index($8, \"%s-\") == 1 { print $4, $5, $6, substr($8, 1, 30) }' | sort" % tag)
def end(): dq('ipvsadm -C')
for method, vip, flag in (('NAT', VIP, '-m'), ('direct routing', DVIP, '-g')):
    table(method + ': calls and clients', vip, flag=flag)
    for n in 'abcd': ask('call %s' % n, call(n), vip=vip)
    for n in 'abcd': ask('call %s from another port' % n, call(n), vip=vip)
    for n in 'ab': ask('call %s from another client' % n, call(n), B, vip=vip)
    for n in 'ab': ask('call %s from that client again' % n, call(n), B, vip=vip)
    ask('call e', call('e'), sport=30500, vip=vip); ask('call f from the same port: a connection of call e', call('f'), sport=30500, vip=vip); ask('call f from another port', call('f'), vip=vip); ask('call e from another port', call('e'), vip=vip)
    templates(); end()
table('forms of the header')
for text, value in (('Call-ID: x1', 'Call-ID: x1'), ('lower case', 'call-id: x1'), ('upper case', 'CALL-ID: x1'), ('compact', 'i: x1'), ('compact, upper case', 'I: x1'), ('no blank', 'Call-ID:x1'), ('blanks before the colon', 'Call-ID  : x1'), ('blanks behind it', 'Call-ID:    x1'),
                    ('a tab', 'Call-ID:\tx1'), ('blanks at the end', 'Call-ID: x1   '), ('folded', 'Call-ID:\r\n x1'), ('with @', 'Call-ID: x1@h'), ('with @ and a port', 'Call-ID: x1@h:5'), ('other case of the value', 'Call-ID: X1'), ('words behind it', 'Call-ID: x1 y2')):
    ask(text, message(value.replace('x1', tag + '-x1').replace('X1', tag + '-X1')))
x1 = 'Call-ID: %s-x1' % tag; z9 = 'Call-ID: %s-z9' % tag
ask('the second of two headers', message(x1, z9)); ask('that second one alone', message(z9))
ask('an answer', message(x1, first='SIP/2.0 200 OK')); ask('REGISTER', message(x1, first='REGISTER sip:example.org SIP/2.0'))
ask('line ends without CR', message(x1).replace(b'\r\n', b'\n')); ask('the header as the first line', x1.encode() + b'\r\n\r\n')
templates(); end()
table('no call')
for text, msg in (('no Call-ID', message()), ('an empty one', message('Call-ID:')), ('blanks alone', message('Call-ID:   ')), ('no SIP', b'hello'), ('nothing', b''), ('in the body', message() + b'Call-ID: %s-body\r\n' % tag.encode()), ('a longer name', message('X-Call-ID: x1')), ('a name that begins so', message('Call-IDs: x1'))):
    ask(text, msg)
ask('no Call-ID from a port that has a connection', message(), sport=port[0] - 2); templates(); end()
table('clients of a network', options='-p 60 -M 255.255.255.0 --pe sip')
for src in (A, B, N): ask('call a of ' + src, call('a'), src); ask('call b of ' + src, call('b'), src)
templates(); end()
table('one-packet scheduling, direct routing', DVIP, '-o -p 60 --pe sip', '-g')
for n in 'abab': ask('call %s, one port' % n, call(n), sport=30600, vip=DVIP)
ask('no Call-ID', message(), sport=30600, vip=DVIP); templates(); end()
table('a server of weight 0, and one that is deleted')
for n in 'abc': ask('call ' + n, call(n))
d('ipvsadm -e -u 10.0.1.100:5060 -r 10.0.2.13 -m -w 0'); d('ipvsadm -d -u 10.0.1.100:5060 -r 10.0.2.12')
for n in 'abcdef': ask('call ' + n, call(n))
end()
table('what a server begins itself, NAT')
R = Raw('r1'); setns('c'); s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind((A, 5062)); s.settimeout(.7)
def heard(text, source, msg):
    R.udp('10.0.2.11', source, A, 5062, msg)
    try: m, who = s.recvfrom(4096); out('%-58s from %s:%d' % ((text,) + who))
    except socket.timeout: out('%-58s nothing' % text)
heard('call s from port 5060', 5060, call('s')); heard('call s again', 5060, call('s')); heard('no Call-ID from port 5060', 5060, message()); heard('call t from port 5061', 5061, call('t'))
ask('call s of the client', call('s')); ask('call s of another client', call('s'), B); ask('call s of the client again', call('s'))
templates(); end()
table('long Call-IDs')   # the last, since ipvsadm reads no line of more than 255 characters
for text, msg in (('127 characters', message('Call-ID: %s-' % tag + 'l' * 125)), ('128 characters', message('Call-ID: %s-' % tag + 'm' * 126)), ('255 characters', message('Call-ID: %s-' % tag + 'n' * 253)), ('256 characters', message('Call-ID: %s-' % tag + 'o' * 254)), ('400 characters', message('Call-ID: %s-' % tag + 'p' * 398))):
    ask(text, msg)
ask('255 characters again', message('Call-ID: %s-' % tag + 'n' * 253)); ask('255 characters, the last one another', message('Call-ID: %s-' % tag + 'n' * 252 + 'o'))
