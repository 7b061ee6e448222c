/** What a person sees of the status; `--json` prints the same as one line. */
import type { AgentStatus } from '../owner/status.ts';

export interface PrintOptions {
  readonly json?: boolean;
}

export function printStatus(status: AgentStatus, { json }: PrintOptions): void {
  process.stdout.write(json ? `${JSON.stringify(status)}\n` : `${lines(status).join('\n')}\n`);
}

function lines({ components, update, lastOutcome, settings, ...status }: AgentStatus): string[] {
  const percent = status.downloadPercent === undefined ? '' : ` (${status.downloadPercent} %)`;
  const automatic = settings.automatic === null ? 'not answered yet' : settings.automatic ? 'on' : 'off';
  return [
    `product      ${status.product}${status.enrolled ? '' : ', not enrolled yet'}`,
    ...components.map(c => `runs         ${c.component} ${c.version} (counter ${c.counter})`),
    `state        ${status.state}${percent}`,
    `automatic    ${automatic}${settings.postponedUntil === null ? '' : `, postponed until ${settings.postponedUntil}`}`,
    ...(settings.canary ? ['canary       among the first that get a release'] : []),
    ...(update
      ? [`update       ${update.component} ${update.version}, ${update.class}, interruption: ${update.disruption}`]
      : []),
    ...(update?.risks ?? []).map(risk => `  removes    ${risk}`),
    ...(update?.waits === undefined ? [] : [`  waits      ${update.waits}`]),
    ...(lastOutcome ? [`last update  ${lastOutcome.state}: ${lastOutcome.text}`] : []),
    `next check   in ${status.nextCheckInSeconds} s`,
    ...(status.refusals > 0 ? [`refused      ${status.refusals} updates; see the security log`] : []),
  ];
}
