/** What a person sees of the status; `--json` prints the same as one line. */
import { CODES, windowRuleText } from '@tidegate/protocol';
import type { AgentStatus, SupportView } from '../owner/status.ts';
import type { SecurityEvent } from '../security/security-log.ts';

export interface PrintOptions {
  readonly json?: boolean;
}

export function printStatus(status: AgentStatus, { json }: PrintOptions): void {
  process.stdout.write(json ? `${JSON.stringify(status)}\n` : `${lines(status).join('\n')}\n`);
}

function lines({ components, update, lastOutcome, settings, ...status }: AgentStatus): string[] {
  const percent = status.downloadPercent === undefined ? '' : ` (${status.downloadPercent} %)`;
  return [
    `product      ${status.product}${status.enrolled || status.server === 'none' ? '' : ', not enrolled yet'}`,
    ...(status.server === 'answers' ? [] : [`server       ${status.server}: releases come by their signed schedules`]),
    ...(status.about ? [`name         ${status.about.name}`] : []),
    ...components.flatMap(c => [
      `runs         ${c.component} ${c.version} (counter ${c.counter})`,
      ...(c.held === undefined ? [] : [`  held       its maker holds this version back: ${c.held}`]),
    ]),
    ...(status.support ? [`support      ${supportWords(status.support)}`] : []),
    ...(status.about ? [`flaws        report them to ${status.about.vulnerabilityContact}`] : []),
    `state        ${status.state}${percent}`,
    `automatic    ${automaticWords(settings)}${settings.postponedUntil === null ? '' : `, postponed until ${settings.postponedUntil}`}`,
    ...(settings.window === null ? [] : [`installs     ${settings.window.map(windowRuleText).join(', ')}`]),
    ...(settings.canary ? ['canary       among the first that get a release'] : []),
    ...(update
      ? [
          `update       ${update.component} ${update.version}, ${update.class}${update.urgent === true ? ', urgent' : ''}, interruption: ${update.disruption}`,
        ]
      : []),
    ...(update?.offeredBy === 'device' ? ['  offered    by this device itself, as its maker signed it'] : []),
    ...(update?.risks ?? []).map(risk => `  removes    ${risk}`),
    ...(update?.waits === undefined ? [] : [`  waits      ${update.waits}`]),
    ...(update?.installsFrom === undefined ? [] : [`  from       ${localTime(update.installsFrom)}`]),
    ...(lastOutcome ? [`last update  ${lastOutcome.state}: ${lastOutcome.text}`] : []),
    ...(lastOutcome?.reason === undefined ? [] : [`  reason     ${lastOutcome.reason}`]),
    `next check   in ${status.nextCheckInSeconds} s`,
    ...(status.refusals > 0 ? [`refused      ${status.refusals} updates; what and why: tidegate-agent refusals`] : []),
  ];
}

function automaticWords({ automatic, downloadFirst }: AgentStatus['settings']): string {
  if (automatic === null) return 'not answered yet';
  if (automatic) return 'on';
  return downloadFirst ? 'off, but brought in before' : 'off';
}

function supportWords({ until, ended, retired }: SupportView): string {
  if (retired) return `has ended${until === undefined ? '' : ` on ${until}`}: no more updates will come`;
  return ended ? `has ended on ${until}: security updates are no longer promised` : `security updates until ${until}`;
}

export function printRefusals(events: readonly SecurityEvent[], { json }: PrintOptions): void {
  const lines = events.length === 0 ? ['Nothing was refused here.'] : events.flatMap(refusalLines);
  process.stdout.write(json ? `${JSON.stringify({ events })}\n` : `${lines.join('\n')}\n`);
}

function refusalLines({ code, target, detail, firstAt, lastAt, times }: SecurityEvent): string[] {
  const when = times === 1 ? lastAt : `${times} times, ${firstAt} to ${lastAt}`;
  return [`${when}  ${code}${target === undefined ? '' : `  ${target}`}`, `  ${CODES[code].text} (${detail})`];
}

/** `Tue 2026-11-24 02:00`: windows are in the device's own time, so their openings are told in it too. */
function localTime(instant: string): string {
  const t = new Date(instant);
  const two = (n: number) => String(n).padStart(2, '0');
  const day = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'][t.getDay()];
  const date = [t.getFullYear(), two(t.getMonth() + 1), two(t.getDate())].join('-');
  return `${day} ${date} ${two(t.getHours())}:${two(t.getMinutes())}`;
}
