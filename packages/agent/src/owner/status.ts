/** What the owner sees: where the device stands, what waits and why, how the last update ended, in plain words. Pure. */
import { CODES, type Code, type Window } from '@tidegate/protocol';
import { updateOf, type Outcome, type State, type Update } from '../machine/state.ts';
import { type Verdict, WAIT_TEXT } from '../policy/may-i.ts';
import type { Settings } from '../policy/settings.ts';
import type { DownloadProgress, InstalledRelease } from '../ports.ts';

export type ServerWord = 'answers' | 'silent' | 'none';

export interface UpdateView {
  readonly target: string;
  readonly component: string;
  readonly version: string;
  readonly class: string;
  /** `device`: by the signed lists alone, without a server's word. */
  readonly offeredBy: 'server' | 'device';
  /** Dangers that it removes, in plain words (EN 303 645 5.3-11). */
  readonly risks: readonly string[];
  readonly notes?: string;
  /** What it interrupts, and for how long (EN 303 645 5.3-12). */
  readonly disruption: string;
  readonly disruptionSeconds?: number;
  /** The maker asks for haste. */
  readonly urgent?: boolean;
  /** Why it does not go on by itself. */
  readonly waits?: string;
  /** When maker and owner next let it install, where they do not now. */
  readonly installsFrom?: string;
}

export interface OutcomeView {
  readonly state: string;
  readonly code?: Code;
  readonly text: string;
  readonly target: string;
  readonly at: string;
}

export interface AgentStatus {
  readonly product: string;
  readonly enrolled: boolean;
  /** `silent`: it has not answered for so long that releases come by their signed schedules, as where there is none. */
  readonly server: ServerWord;
  readonly state: State['name'];
  readonly components: readonly ({ readonly component: string } & InstalledRelease)[];
  readonly update?: UpdateView;
  readonly downloadPercent?: number;
  readonly lastOutcome?: OutcomeView;
  readonly settings: {
    readonly automatic: boolean | null;
    readonly postponedUntil: string | null;
    readonly canary: boolean;
    /** Null: at any time. */
    readonly window: Window | null;
  };
  readonly nextCheckInSeconds: number;
  /** Refused updates in the device's own security log. */
  readonly refusals: number;
}

export interface Seen {
  readonly product: string;
  readonly enrolled: boolean;
  readonly server: ServerWord;
  readonly state: State;
  readonly installed: Readonly<Record<string, InstalledRelease>>;
  readonly settings: Settings;
  readonly progress: DownloadProgress | undefined;
  readonly nextCheckInMs: number;
  /** What the policy says to the update at work or waiting. */
  readonly verdict: Verdict | undefined;
  /** When it may next install by the windows; Infinity: never. */
  readonly opensAtMs: number | undefined;
  readonly nowMs: number;
  readonly refusals: number;
}

const LANGUAGE = 'en';

export function statusOf(seen: Seen): AgentStatus {
  const { state, settings, progress } = seen;
  const update = updateOf(state);
  const last = state.name === 'done' ? state.outcome : state.last;
  return {
    product: seen.product,
    enrolled: seen.enrolled,
    server: seen.server,
    state: state.name,
    components: Object.entries(seen.installed).map(([component, release]) => ({ component, ...release })),
    ...(update ? { update: viewOf(update, seen) } : {}),
    ...(state.name === 'downloading' && progress ? { downloadPercent: percent(progress) } : {}),
    ...(last ? { lastOutcome: outcomeView(last) } : {}),
    settings: {
      automatic: settings.automatic ?? null,
      canary: settings.canary ?? false,
      window: settings.window ?? null,
      postponedUntil:
        settings.postponedUntilMs === undefined ? null : new Date(settings.postponedUntilMs).toISOString(),
    },
    nextCheckInSeconds: Math.round(seen.nextCheckInMs / 1000),
    refusals: seen.refusals,
  };
}

function viewOf({ target, rolloutId, urgent }: Update, { verdict, state, opensAtMs, nowMs }: Seen): UpdateView {
  const { component, version, class: releaseClass, fixes = [], notes, disruption, disruptionSeconds } = target.firmware;
  const note = notes?.[LANGUAGE];
  const isSwitching = state.name === 'rebooting' || state.name === 'trial';
  const isLater = opensAtMs !== undefined && opensAtMs > nowMs && Number.isFinite(opensAtMs);
  return {
    target: target.path,
    component,
    version,
    class: releaseClass,
    offeredBy: rolloutId === undefined ? 'device' : 'server',
    disruption,
    risks: fixes.map(f => f.risk[LANGUAGE] ?? Object.values(f.risk)[0] ?? f.id),
    ...(note === undefined ? {} : { notes: note }),
    ...(disruptionSeconds === undefined ? {} : { disruptionSeconds }),
    ...(urgent === true ? { urgent } : {}),
    ...(verdict?.kind === 'wait' && !isSwitching ? { waits: WAIT_TEXT[verdict.reason] } : {}),
    ...(isLater && !isSwitching ? { installsFrom: new Date(opensAtMs).toISOString() } : {}),
  };
}

function outcomeView({ state, code, target, at }: Outcome): OutcomeView {
  const text = code === undefined ? 'The update works.' : CODES[code].text;
  return { state, ...(code === undefined ? {} : { code }), text, target, at };
}

function percent({ receivedBytes, totalBytes }: DownloadProgress): number {
  return totalBytes === 0 ? 100 : Math.floor((receivedBytes / totalBytes) * 100);
}
