# In the guest: a client holds connections through a pair of directors that keepalived.conf describes, and their master has no power any more. Of three pairs, the
# same client counts what is lost: keepalived on the kernel's IPVS, weir with the same file, and weir with its own stream. Most connections are old when the
# master goes, some were begun in the moment before. Prints a heading and a JSON object for each pair.
import json
import subprocess
import sys

from sync_bed import SERVER, VIP, connections, director, run, stations, until, within, without_power

OLD, YOUNG = 900, 100
NODE = '/job/node' if subprocess.run(['test', '-x', '/job/node']).returncode == 0 else '/usr/bin/node'
KEY = '/run/stream.key'
DAEMON = 'lvs_sync_daemon sync V1 id 7'
PAIRS = (
    ('keepalived on the kernel', '/usr/sbin/', lambda own, peer: DAEMON),
    ('weir with the same file', '/job/bin/', lambda own, peer: DAEMON),
    ('weir with its stream', '/job/bin/', lambda own, peer: f'lvs_sync_stream {{\nkey {KEY}\nlisten {own}\npeer {peer}\n}}'),
)


def configuration(synchronisation, priority):
    return f'''global_defs {{
{synchronisation}
}}
vrrp_instance V1 {{
    interface front
    state BACKUP
    nopreempt
    virtual_router_id 51
    priority {priority}
    advert_int 1
    virtual_ipaddress {{
        {VIP}/24 dev front
        10.9.2.200/24 dev back
    }}
}}
virtual_server {VIP} 80 {{
    lb_algo rr
    lb_kind NAT
    protocol TCP
    real_server {SERVER} 80 {{
    }}
}}
'''


def started(name, *words):
    """A process in a host, and the file of what it prints."""
    output = open(f'/run/{name}.{len(words)}.{words[-1].replace("/", "_")}', 'w+')
    return subprocess.Popen(['ip', 'netns', 'exec', name, *words], stdout=output, stderr=output), output.name


def text(path):
    with open(path) as file:
        return file.read()


def wait(what, logs, done):
    if not until(done):
        sys.exit(f'not in time: {what}\n' + '\n'.join(text(log)[-6000:] for log in logs))


def client(count, logs):
    process, output = started('client', NODE, '/job/build/test/sync/held-child.js', VIP, '80', str(count))
    wait(f'{count} connections', [output, *logs], lambda: text(output) != '')
    if text(output) != 'begun\n':
        sys.exit(text(output))

    def end():
        process.terminate()
        process.wait(300)
        return text(output).splitlines()[-1]

    return end


def has_service(name, ipvsadm):
    """A listing gives up while the programs are loaded, which takes an emulator more than half a minute."""
    listing = subprocess.run(['ip', 'netns', 'exec', name, ipvsadm, '-Ln'], capture_output=True, text=True)
    return listing.returncode == 0 and f'{SERVER}:80' in listing.stdout


def pair(number, programs, synchronisation):
    logs, daemons = [], []
    names = [f'd{number}{role}' for role in 'mb']
    lasts = [10 * number + k + 1 for k in range(2)]
    for k, (name, last) in enumerate(zip(names, lasts)):
        director(name, last)
        file = f'/run/{name}.conf'
        with open(file, 'w') as conf:
            conf.write(configuration(synchronisation(f'10.9.9.{last}', f'10.9.9.{lasts[1 - k]}'), 100 - k))
        pids = [word for role in 'prc' for word in (f'-{role}', f'/run/{name}.{role}.pid')]
        daemon, log = started(name, f'{programs}keepalived', '-n', '-l', '-D', *pids, '-f', file)
        daemons.append(daemon)
        logs.append(log)
        if k == 0:
            wait('the master has the addresses', logs, lambda: VIP in within(name, 'ip', 'addr'))
    for name in names:
        wait('services', logs, lambda: has_service(name, f'{programs}ipvsadm'))
    master, backup = names
    listed = lambda: sum(' ESTABLISHED ' in row for row in connections(backup, f'{programs}ipvsadm'))
    old = client(OLD, logs)
    wait(f'the backup has {OLD}', logs, lambda: listed() == OLD)
    young = client(YOUNG, logs)
    without_power(master)
    wait('the backup has the addresses', logs, lambda: VIP in within(backup, 'ip', 'addr'))
    there = listed()
    ends = {'old': old(), 'young': young(), 'there': there}
    for daemon in daemons:
        daemon.terminate()
        daemon.wait(60)
    without_power(backup)
    return ends


stations()
echo, ready = started('server', NODE, '/job/build/test/datapath/live-child.js', 'echo', '80', SERVER)
wait('the server', [ready], lambda: 'ready' in text(ready))
run('/job/bin/weir', 'sync', 'keygen', KEY)
for number, (name, programs, synchronisation) in enumerate(PAIRS):
    print(f'== {name}\n{json.dumps(pair(number, programs, synchronisation))}', flush=True)
echo.terminate()
print('== end', flush=True)
