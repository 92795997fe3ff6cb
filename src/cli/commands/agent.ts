// weir agent: reports the load of this host, a real server, to directors that ask.
import { AGENT_SCRIPT } from '../../daemon/agent/agent-script.js';
import { type ListenAt, LoadAgent } from '../../daemon/agent/load-agent.js';
import { openLog } from '../../daemon/log/log.js';
import { LOG_FACILITIES } from '../../daemon/log/log-options.js';
import { formatAddress } from '../../model/address-text.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { command, expectWords } from '../command.js';
import { readEndpoint } from '../read-endpoint.js';
import { untilStopped } from '../until-stopped.js';

const USAGE = `usage: weir agent [--http ADDRESS:PORT] [--text ADDRESS:PORT] [--counters FILE] [--no-cpu] [--drain FILE]
       weir agent --script
       on a real server: reports how busy it is, until it is stopped; it listens only where an option names an address
       --http      answers GET /weir-load with counters, for weir feedback
       --text      answers with one line of HAProxy's agent-check: the idle share of the last 5 s, and ready or drain
       --counters  an application's own counters, which it writes into FILE as --http answers: what it completed, and resources that
                   may be busy beside the CPU (threads, a queue); of all the busiest counts
       --no-cpu    the CPU does not count: on a host that has other work, too
       --drain     while FILE is there, the server wants no new connections; its first line is the reason
       --script    prints the agent as a script for /bin/sh, for servers without weir: its first lines have how it is started
       exit status: 0
`;
const TYPES = { http: 'value', text: 'value', counters: 'value', drain: 'value', 'no-cpu': 'flag', script: 'flag' } as const;

function listenAt(option: string, text: string | undefined): ListenAt | undefined {
  if (text === undefined) return undefined;
  const { address, port } = readEndpoint(option, text);
  return { host: formatAddress(address), port };
}

export const run = command({ name: 'weir agent', usage: USAGE, types: TYPES }, async ({ flags, words }, io) => {
  expectWords(words, 0);
  if (flags.script === true) {
    io.out(AGENT_SCRIPT);
    return 0;
  }
  const [http, text] = [listenAt('--http', flags.http), listenAt('--text', flags.text)];
  if (http === undefined && text === undefined) throw new WeirError('option-missing', { option: '--http or --text' });
  if (flags['no-cpu'] === true && flags.counters === undefined)
    throw new WeirError('option-not-here', { options: '--no-cpu', only: '--counters' });
  const { log, close } = openLog({ detail: false, console: true, syslog: false, facility: LOG_FACILITIES['daemon'] ?? 0 }, 'weir-agent');
  const agent = new LoadAgent({
    cpu: flags['no-cpu'] !== true,
    log,
    ...(http === undefined ? {} : { http }),
    ...(text === undefined ? {} : { text }),
    ...(flags.counters === undefined ? {} : { counters: flags.counters }),
    ...(flags.drain === undefined ? {} : { drain: flags.drain }),
  });
  await agent.start();
  const status = await untilStopped(log, () => agent.stop());
  close();
  return status;
});
