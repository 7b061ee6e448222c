/** What the owner sees: where the device stands, what waits and why, how the last update ended, in plain words. Pure. */
import { CODES, type Code, parseTargetPath, type Product, type Window } from '@tidegate/protocol';
import type { ServerWord } from '../machine/own-offer.ts';
import { updateOf, type Outcome, type State, type Update } from '../machine/state.ts';
import { type Verdict, WAIT_TEXT } from '../policy/may-i.ts';
import type { Settings } from '../policy/settings.ts';
import type { DownloadProgress, InstalledRelease } from '../ports.ts';
import type { Notices } from '../trust/notices.ts';
import { DEFAULT_LANGUAGE, inLanguage } from './language.ts';

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
  /** Why its maker holds it back, where that is why. */
  readonly reason?: string;
  readonly target: string;
  readonly at: string;
}

export interface ComponentView extends InstalledRelease {
  readonly component: string;
  /** Its maker holds back what runs here, and why. */
  readonly held?: string;
}

/** What the maker promises, signed. */
export interface SupportView {
  /** The last day on which security updates are promised, such as `2031-12-31`. */
  readonly until?: string;
  /** That day is over, or the maker said that no more will come. */
  readonly ended: boolean;
  /** The maker said that no more releases will come. */
  readonly retired: boolean;
}

/** From the product's descriptor, signed by its maker. */
export interface AboutView {
  readonly name: string;
  /** Where flaws are reported: the address of a page, or of a mailbox. */
  readonly vulnerabilityContact: string;
  readonly sensors: readonly { readonly name: string; readonly purpose: string }[];
}

export interface AgentStatus {
  readonly product: string;
  readonly enrolled: boolean;
  /** `silent`: it has not answered for so long that releases come by their signed schedules, as where there is none. */
  readonly server: ServerWord;
  readonly state: State['name'];
  readonly components: readonly ComponentView[];
  /** Absent where the maker has signed nothing about it. */
  readonly support?: SupportView;
  readonly about?: AboutView;
  readonly update?: UpdateView;
  readonly downloadPercent?: number;
  readonly lastOutcome?: OutcomeView;
  readonly settings: {
    readonly automatic: boolean | null;
    /** With automatic updates off, releases are brought in and wait here. */
    readonly downloadFirst: boolean;
    readonly postponedUntil: string | null;
    readonly canary: boolean;
    /** Null: at any time. */
    readonly window: Window | null;
    readonly language: string;
  };
  readonly nextCheckInSeconds: number;
  /** Refused updates in the device's own security log. */
  readonly refusals: number;
}

export interface Seen {
  readonly productName: string;
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
  readonly notices: Notices;
  /** The descriptor, where it is here. */
  readonly product: Product | undefined;
  readonly trustedNowMs: number;
}

export function statusOf(seen: Seen): AgentStatus {
  const { state, settings, progress } = seen;
  const update = updateOf(state);
  const last = state.name === 'done' ? state.outcome : state.last;
  return {
    product: seen.productName,
    enrolled: seen.enrolled,
    server: seen.server,
    state: state.name,
    components: Object.entries(seen.installed).map(([component, release]) => componentView(component, release, seen)),
    ...supportView(seen),
    ...(seen.product ? { about: aboutView(seen.product, settings.language) } : {}),
    ...(update ? { update: viewOf(update, seen) } : {}),
    ...(state.name === 'downloading' && progress ? { downloadPercent: percent(progress) } : {}),
    ...(last ? { lastOutcome: outcomeView(last, seen) } : {}),
    settings: {
      automatic: settings.automatic ?? null,
      downloadFirst: settings.downloadFirst ?? false,
      canary: settings.canary ?? false,
      window: settings.window ?? null,
      language: settings.language ?? DEFAULT_LANGUAGE,
      postponedUntil:
        settings.postponedUntilMs === undefined ? null : new Date(settings.postponedUntilMs).toISOString(),
    },
    nextCheckInSeconds: Math.round(seen.nextCheckInMs / 1000),
    refusals: seen.refusals,
  };
}

function viewOf(
  { target, rolloutId, urgent }: Update,
  { verdict, state, settings: { language }, opensAtMs, nowMs }: Seen,
): UpdateView {
  const { component, version, class: releaseClass, fixes = [], notes, disruption, disruptionSeconds } = target.firmware;
  const note = notes && inLanguage(notes, language);
  const isSwitching = state.name === 'rebooting' || state.name === 'trial';
  const isLater = opensAtMs !== undefined && opensAtMs > nowMs && Number.isFinite(opensAtMs);
  return {
    target: target.path,
    component,
    version,
    class: releaseClass,
    offeredBy: rolloutId === undefined ? 'device' : 'server',
    disruption,
    risks: fixes.map(f => inLanguage(f.risk, language) ?? f.id),
    ...(note === undefined ? {} : { notes: note }),
    ...(disruptionSeconds === undefined ? {} : { disruptionSeconds }),
    ...(urgent === true ? { urgent } : {}),
    ...(verdict?.kind === 'wait' && !isSwitching ? { waits: WAIT_TEXT[verdict.reason] } : {}),
    ...(isLater && !isSwitching ? { installsFrom: new Date(opensAtMs).toISOString() } : {}),
  };
}

function componentView(component: string, release: InstalledRelease, seen: Seen): ComponentView {
  const held = holdReason(component, release.version, seen);
  return { component, ...release, ...(held === undefined ? {} : { held }) };
}

function holdReason(component: string, version: string, { notices, settings }: Seen): string | undefined {
  const reason = notices.holdReason(component, version);
  return reason && inLanguage(reason, settings.language);
}

function supportView({ notices: { descriptor, retired }, trustedNowMs }: Seen): { support?: SupportView } {
  if (!descriptor && !retired) return {};
  const until = descriptor?.supportEnds;
  const isOver = until !== undefined && new Date(trustedNowMs).toISOString().slice(0, 10) > until;
  return { support: { ...(until === undefined ? {} : { until }), ended: retired || isOver, retired } };
}

function aboutView({ names, vulnerabilityContact, sensors = [], product }: Product, language?: string): AboutView {
  return {
    name: inLanguage(names, language) ?? product,
    vulnerabilityContact,
    sensors: sensors.map(({ name, purpose }) => ({
      name: inLanguage(name, language) ?? '',
      purpose: inLanguage(purpose, language) ?? '',
    })),
  };
}

function outcomeView({ state, code, target, at }: Outcome, seen: Seen): OutcomeView {
  const text = code === undefined ? 'The update works.' : CODES[code].text;
  const of = code === 'held' ? parseTargetPath(target) : undefined;
  const reason = of && holdReason(of.component, of.version, seen);
  const why = reason === undefined ? {} : { reason };
  return { state, ...(code === undefined ? {} : { code }), text, ...why, target, at };
}

function percent({ receivedBytes, totalBytes }: DownloadProgress): number {
  return totalBytes === 0 ? 100 : Math.floor((receivedBytes / totalBytes) * 100);
}
