/** What a rollout would do, before it does it: the release, and how many devices of today's fleet it is for. */
import { DEFAULT_GATE, DeviceView, type Gate, ReleaseView, type RolloutRequest } from '@tidegate/protocol';
import type { AdminApi } from '../api/admin-api.ts';
import { CliError } from '../cli-error.ts';
import { shareWords } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { gateWords } from './rollout-words.ts';

export interface Overview {
  readonly request: RolloutRequest;
  readonly release: ReleaseView;
  /** Devices that the rollout is for today; undefined: more than are looked at. */
  readonly eligible: number | undefined;
  /** Of those, the ones that run it, or something newer, already. */
  readonly current: number;
}

/** Devices that are looked at, at most: an overview is to be quick. */
const LOOKED_AT = 20_000;

/** @throws CliError `release-unknown`, and whatever the server says of the filter */
export async function overview(api: AdminApi, request: RolloutRequest): Promise<Overview> {
  const release = await findRelease(api, request.target);
  const { product, channel, component, hardware, counter } = release;
  const query = { product, channel, filter: request.filter, component, revoked: false };
  const found = { looked: 0, eligible: 0, current: 0 };
  for await (const devices of api.pages('/devices', query, DeviceView, LOOKED_AT)) {
    const fitting = devices.filter(d => d.hardware !== null && hardware.includes(d.hardware));
    const current = fitting.filter(d => d.components.some(c => c.component === component && c.counter >= counter));
    found.looked += devices.length;
    found.current += current.length;
    found.eligible += fitting.length - current.length;
  }
  const whole = found.looked < LOOKED_AT;
  return { request, release, eligible: whole ? found.eligible : undefined, current: found.current };
}

async function findRelease(api: AdminApi, target: string): Promise<ReleaseView> {
  const product = target.split('/')[0] ?? '';
  const query = /^[a-z][a-z0-9-]{0,31}$/.test(product) ? { product } : {};
  for await (const releases of api.pages('/releases', query, ReleaseView)) {
    const found = releases.find(r => r.target === target);
    if (found && !found.withdrawn) return found;
    if (found) throw unknown(`${target} was withdrawn.`);
  }
  throw unknown(
    `${target} is not published. What is: tidegate release list${query.product ? ` --product ${product}` : ''}`,
  );
}

function unknown(message: string): CliError {
  return new CliError({ server: 'release-unknown', exit: EXIT.usage }, message, { path: '/target' });
}

export function overviewLines({ request, release, eligible, current }: Overview): string[] {
  const gate: Gate = { ...DEFAULT_GATE, ...request.gate };
  return [
    `release   ${release.component} ${release.version} (counter ${release.counter}, ${release.class}) for ${release.hardware.join(', ')}`,
    `channel   ${release.product}/${release.channel}`,
    `filter    ${request.filter ?? 'none'}`,
    `devices   ${eligible === undefined ? `more than ${LOOKED_AT} in question` : `${eligible} today`}${current > 0 ? `, and ${current} that run it or newer` : ''}`,
    `phases    ${request.phases.map(({ basisPoints }) => phaseText(basisPoints, eligible)).join(', then ')}`,
    ...gateWords(gate),
  ];
}

function phaseText(basisPoints: number, eligible: number | undefined): string {
  const about = eligible === undefined ? '' : ` (about ${Math.round((eligible * basisPoints) / 10_000)})`;
  return `${shareWords(basisPoints)}${about}`;
}
