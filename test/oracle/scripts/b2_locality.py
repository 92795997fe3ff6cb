#!/usr/bin/python3
# lblc and lblcr: histories of services, each on a port of its own.
import sys; sys.path.insert(0, '/job/guest')
import random
from sched import *
build()
out('# Steps: add/edit SERVER WEIGHT [UPPER], delete SERVER, scheduler NAME, expiration SECONDS (lblcr_expiration), wait SECONDS,')
out('# open N (connections that stay open), visit N (closed at once), close SERVER (one open connection of it).')
out('# After open and visit: which server answered each; - is none. TCP, NAT, destinations newest first at the end: server weight active inactive.')

PORTS = iter(range(20001, 60000))   # a server must not see a client's port again while it has the old connection

class History:
    def __init__(self, name, scheduler):
        self.port = svc(scheduler, [], show=False); self.at = '%s:%d' % (VIP, self.port); self.open = []
        out('\n== %s %s' % (name, scheduler))
    def say(self, *words): out(' '.join(str(w) for w in words))
    def server(self, option, what, n, weight, upper=0):
        dq('ipvsadm %s -t %s -r %s:80 -m -w %d -x %d' % (option, self.at, RS[str(n)], weight, upper))
        self.say(what, n, weight, *([upper] if upper else []))
    def add(self, n, weight, upper=0): self.server('-a', 'add', n, weight, upper)
    def edit(self, n, weight, upper=0): self.server('-e', 'edit', n, weight, upper)
    def delete(self, n): dq('ipvsadm -d -t %s -r %s:80' % (self.at, RS[str(n)])); self.say('delete', n)
    def scheduler(self, name): dq('ipvsadm -E -t %s -s %s' % (self.at, name)); self.say('scheduler', name)
    def expiration(self, seconds):
        p = dq('sysctl -w net.ipv4.vs.lblcr_expiration=%d' % seconds); self.say('expiration', seconds)
    def wait(self, seconds): time.sleep(seconds); self.say('wait', seconds)
    def connect(self, n, keep):
        answers = []
        for i in range(n):
            s, a = conn(VIP, self.port, '10.0.1.10', next(PORTS))
            answers.append(a if s is not None else '-')
            if s is None and 'refused' not in a: self.say('#', a)
            if s is not None:
                if keep: self.open.append((a, s))
                else: close(s)
        self.say('open' if keep else 'visit', n, ''.join(answers))
    def close(self, n):
        for a, s in self.open:
            if a == str(n):
                close(s); self.open.remove((a, s)); self.say('close', n); return
    def end(self):
        time.sleep(0.05)
        for l in dq('ipvsadm -Ln -t ' + self.at).stdout.splitlines()[2:]:
            f = l.split()
            if f[0] == '->' and ':80' in f[1]: self.say('counts', f[1][8:9], f[3], f[4], f[5])
        for a, s in self.open: rst(s)
        dq('ipvsadm -D -t ' + self.at)
        dq('sysctl -qw net.ipv4.vs.lblcr_expiration=86400')

h = History('settings', 'lblcr'); h2 = History('settings', 'lblc')
for key in ('lblc_expiration', 'lblcr_expiration'):
    d('sysctl net.ipv4.vs.' + key)
    for value in ('0', '-1', '-2147483', '2147483', '21474837', 'x'):
        d('sysctl -w net.ipv4.vs.%s=%s; sysctl -n net.ipv4.vs.%s' % (key, value, key))
    dq('sysctl -qw net.ipv4.vs.%s=86400' % key)
h.end(); h2.end()

for scheduler in ('lblc', 'lblcr'):
    for weights in ((1, 1, 1), (1, 2, 3), (5, 1, 3, 0, 2), (4, 8, 12), (10, 1), (7,), (0, 0), (1, 1, 1, 1, 1), ()):
        for keep in (False, True):
            h = History('weights', scheduler)
            for i, w in enumerate(weights): h.add(i + 1, w)
            h.connect(24, keep); h.end()

    h = History('quiesced', scheduler)
    for i in (1, 2, 3): h.add(i, 1)
    h.connect(2, True); h.edit(3, 0); h.connect(3, True); h.edit(3, 1); h.connect(3, True); h.edit(1, 9); h.connect(6, True); h.end()
    h = History('deleted and added again', scheduler)
    for i in (1, 2, 3): h.add(i, 5)
    h.connect(2, False); h.delete(3); h.add(3, 5); h.connect(2, False); h.delete(3); h.connect(2, False); h.add(3, 5); h.connect(3, False); h.end()
    h = History('another scheduler and back', scheduler)
    for i in (1, 2, 3): h.add(i, 5)
    h.connect(2, True); h.scheduler('rr'); h.connect(2, True); h.scheduler(scheduler); h.connect(2, True); h.scheduler(scheduler); h.connect(2, True); h.end()
    h = History('upper threshold', scheduler)
    for i in (1, 2, 3): h.add(i, 5, 2)
    h.connect(9, True); h.end()
    h = History('set of several', scheduler)
    for i in (1, 2, 3, 4, 5): h.add(i, 2)
    h.connect(9, True)
    for i in (5, 5, 5, 4): h.close(i)
    h.connect(3, True); h.delete(5); h.connect(2, True); h.add(5, 2); h.connect(4, True); h.end()
    h = History('expired set', scheduler); h.expiration(3)
    for i in (1, 2, 3): h.add(i, 2)
    h.connect(7, True); h.wait(5); h.connect(1, True); h.connect(1, True); h.wait(5); h.connect(2, False); h.wait(5); h.connect(3, False); h.end()
    h = History('set that expires at once', scheduler); h.expiration(-1)
    for i in (1, 2, 3): h.add(i, 2)
    h.connect(9, True); h.close(3); h.close(3); h.connect(5, False); h.end()

r = random.Random(11)
for n in range(40):
    for scheduler in ('lblc', 'lblcr'):
        h = History('random %d' % n, scheduler); present = {}; gone = set(); busy = {}
        if n % 2: h.expiration(-1)
        w = lambda: r.choice((0, 1, 1, 2, 2, 3, 5, 8))
        for i in range(r.choice((2, 3, 5))): present[i + 1] = w(); h.add(i + 1, present[i + 1])
        for step in range(14):
            k = r.random()
            if k < .45: h.connect(r.randint(1, 6), True)
            elif k < .55: h.connect(r.randint(1, 3), False)
            elif k < .75:
                for _ in range(r.randint(1, 4)):
                    live = [a for a, s in h.open if int(a) in present]
                    if live: h.close(int(r.choice(live)))
            elif k < .85 and present: i = r.choice(sorted(present)); present[i] = w(); h.edit(i, present[i], r.choice((0, 0, 0, 3)))
            elif k < .92 and len(present) > 1: i = r.choice(sorted(present)); del present[i]; gone.add(i); h.delete(i)
            else:
                free = sorted(set(range(1, 6)) - set(present))
                if free: i = r.choice(free); present[i] = w(); h.add(i, present[i])
        h.end()
