/** `status`: the server at a glance. */
import { ROLLOUT_STATES, StatusView } from '@tidegate/protocol';
import type { Command } from 'commander';
import { command } from '../command.ts';
import { show } from '../print/say.ts';
import { table } from '../print/table.ts';
import { localTime, spanWords } from '../print/when.ts';
import { type Common, openSession } from '../settings/session.ts';
import type { Terminal } from '../terminal.ts';

export function statusCommand(terminal: Terminal): Command {
  return command('status', 'Show the server at a glance: fleet, rollouts, and how long its lists are good.', [
    'status',
    'status --json | jq .devices.alarmed',
  ]).action(async (_options: unknown, cmd: Command) => {
    const options = cmd.optsWithGlobals<Common>();
    const api = await openSession(options, terminal);
    const status = await api.get('/status', StatusView);
    show(terminal, options, status, () => [`server    ${api.url.origin}`, ...lines(status, terminal)]);
  });
}

function lines({ devices, rollouts, metadata, queue, ...status }: StatusView, terminal: Terminal): string[] {
  const now = terminal.now();
  const states = ROLLOUT_STATES.filter(state => (rollouts[state] ?? 0) > 0);
  return [
    `version   ${status.version}`,
    `devices   ${devices.known} known, ${devices.seenLately} seen within a day, ${devices.revoked} revoked`,
    devices.alarmed === 0 ? 'alarms    none' : `alarms    ${devices.alarmed} devices: tidegate device list --alarm any`,
    `products  ${status.products}`,
    `releases  ${status.releases}`,
    `rollouts  ${states.map(state => `${rollouts[state]} ${state}`).join(', ') || 'none yet'}`,
    `queue     ${queue.backend}${queue.reachable ? '' : ', NOT REACHABLE'}`,
    ...(metadata === null
      ? ['', 'Nothing is published yet: tidegate-signer publish']
      : [
          '',
          ...table(
            [
              { title: 'ROLE', value: r => r.role },
              { title: 'VERSION', value: r => String(r.version) },
              { title: 'EXPIRES', value: r => localTime(r.expiresAt) },
              { title: 'LEFT', value: r => left(r.expiresAt, now) },
            ],
            metadata,
            terminal.size()?.columns,
          ),
        ]),
  ];
}

function left(expiresAt: string, now: Date): string {
  const seconds = (Date.parse(expiresAt) - now.getTime()) / 1000;
  return seconds > 0 ? spanWords(seconds) : 'EXPIRED';
}
