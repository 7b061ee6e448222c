/**
 * The owner's side of the device, versioned, without a transport: each operation with the role that may call it. The
 * admin is the owner; a user may look. Deny by default: what names no role is for the admin alone.
 */
import {
  closed,
  LANGUAGE_PATTERN,
  type Parsed,
  parser,
  type ProblemCode,
  Window,
  windowFault,
} from '@tidegate/protocol';
import * as Type from '@tidegate/protocol/type';
import type { Clock } from '../clock.ts';
import { installedReleases } from '../machine/check-in.ts';
import type { MachineDeps } from '../machine/deps.ts';
import { serverWord } from '../machine/own-offer.ts';
import { opensAt, verdictOn } from '../machine/permission.ts';
import { type State, updateOf } from '../machine/state.ts';
import type { DownloadProgress } from '../ports.ts';
import { type AgentStatus, statusOf } from './status.ts';

export type Role = 'admin' | 'user';

/** A refusal of a command, with the API's code. */
export class OwnerError extends Error {
  override readonly name = 'OwnerError';
  readonly code: ProblemCode;
  readonly path: string | undefined;

  constructor(code: ProblemCode, detail: string, path?: string) {
    super(detail);
    this.code = code;
    this.path = path;
  }
}

export interface OwnerApi {
  /** @throws OwnerError not-found, method-not-allowed, forbidden, invalid-input, too-late, conflict, setup-needed */
  call(role: Role, method: string, path: string, body: unknown): Promise<unknown>;
}

export interface OwnerDeps
  extends Pick<
    MachineDeps,
    | 'settings'
    | 'attempts'
    | 'schedule'
    | 'wake'
    | 'securityLog'
    | 'installers'
    | 'server'
    | 'silence'
    | 'withoutServer'
    | 'trust'
    | 'productCard'
  > {
  readonly clock: Clock;
  readonly product: string;
  readonly state: () => State;
  readonly progress: () => DownloadProgress | undefined;
}

const POSTPONE_MAX_MS = 366 * 86_400_000;

const parseNothing = parser(Type.Union([closed({}), Type.Undefined()]));
const parseSetup = parser(closed({ automaticUpdates: Type.Boolean() }));
const parseUpdates = parser(
  closed({
    automatic: Type.Boolean(),
    downloadFirst: Type.Optional(Type.Boolean()),
    disruptiveAfterNotice: Type.Optional(Type.Boolean()),
  }),
);
const parseCanary = parser(closed({ canary: Type.Boolean() }));
const parseWindow = parser(closed({ window: Window }));
const parseLanguage = parser(closed({ language: Type.String({ pattern: LANGUAGE_PATTERN }) }));
const parsePostponement = parser(
  Type.Union([closed({ seconds: Type.Integer({ minimum: 1 }) }), closed({ until: Type.String({ maxLength: 40 }) })]),
);

interface Operation {
  readonly role?: Role;
  readonly run: (body: unknown) => Promise<unknown>;
}

export function createOwnerApi(deps: OwnerDeps): OwnerApi {
  const { settings, wake, schedule, clock } = deps;

  const status = async (): Promise<AgentStatus> => {
    const update = updateOf(deps.state());
    const notices = await deps.trust.notices();
    const nowMs = clock.now();
    const shown = statusOf({
      productName: deps.product,
      enrolled: deps.server?.enrolled() ?? false,
      server: serverWord(deps),
      state: deps.state(),
      settings: settings.get(),
      progress: deps.progress(),
      nextCheckInMs: schedule.dueInMs(),
      verdict: update && verdictOn(deps, update, deps.state().name === 'installing' ? 'install' : 'download'),
      opensAtMs: update && opensAt(deps, update, nowMs),
      nowMs,
      installed: await installedReleases(deps.installers),
      refusals: deps.securityLog.events().length,
      notices,
      product: notices.descriptor && (await deps.productCard.read(notices.descriptor)),
      trustedNowMs: deps.trust.trustedNow(),
    });
    if (update && settings.get().disruptiveAfterNotice === true && settings.get().noticed !== update.target.path) {
      await settings.change({ noticed: update.target.path });
      wake.wake();
    }
    return shown;
  };

  const change = async (fields: Parameters<typeof settings.change>[0]) => {
    await settings.change(fields);
    wake.wake();
    return status();
  };

  /** Once the switch is decided the update runs to its end: to stop in the middle would be the greater risk. */
  const demandNotTooLate = () => {
    const { name } = deps.state();
    if (name === 'rebooting' || name === 'trial') {
      throw new OwnerError('too-late', 'The update is being switched on; this takes effect from the next one.');
    }
  };

  const apply = () => {
    const update = updateOf(deps.state());
    if (settings.get().automatic === undefined) {
      throw new OwnerError('setup-needed', 'Answer the setup question first: tidegate-agent auto on|off.');
    }
    if (!update) throw new OwnerError('conflict', 'No update waits.');
    demandNotTooLate();
    return change({ applyNow: update.target.path });
  };

  const postpone = (body: unknown) => {
    const wanted = checked(parsePostponement, body);
    demandNotTooLate();
    const untilMs = 'seconds' in wanted ? clock.now() + wanted.seconds * 1000 : Date.parse(wanted.until);
    if (!Number.isFinite(untilMs))
      throw new OwnerError('invalid-input', 'is no time; use 2026-12-24T20:00:00Z', '/until');
    if (untilMs <= clock.now()) throw new OwnerError('invalid-input', 'lies in the past', '/until');
    if (untilMs > clock.now() + POSTPONE_MAX_MS)
      throw new OwnerError('invalid-input', 'is more than a year ahead', '/until');
    return change({ postponedUntilMs: untilMs, applyNow: undefined });
  };

  const setWindow = (body: unknown) => {
    const { window } = checked(parseWindow, body);
    const wrong = windowFault(window);
    if (wrong) throw new OwnerError('invalid-input', wrong.message, `/window${wrong.path}`);
    demandNotTooLate();
    return change({ window });
  };

  const setAutomatic = (
    automatic: boolean,
    more: { downloadFirst?: boolean; disruptiveAfterNotice?: boolean } = {},
  ) => {
    if (!automatic) demandNotTooLate();
    return change({ automatic, ...more, ...(automatic ? {} : { applyNow: undefined }) });
  };

  const operations: Readonly<Record<string, Readonly<Record<string, Operation>>>> = {
    '/v1/status': { GET: { role: 'user', run: status } },
    '/v1/setup': { POST: { run: async body => setAutomatic(checked(parseSetup, body).automaticUpdates) } },
    '/v1/settings/updates': {
      PUT: {
        run: async body => {
          const { automatic, ...more } = checked(parseUpdates, body);
          return setAutomatic(automatic, more);
        },
      },
    },
    '/v1/settings/canary': { PUT: { run: async body => change(checked(parseCanary, body)) } },
    '/v1/settings/window': {
      PUT: { run: async body => setWindow(body) },
      DELETE: { run: () => change({ window: undefined }) },
    },
    '/v1/settings/language': { PUT: { run: async body => change(checked(parseLanguage, body)) } },
    '/v1/check': {
      POST: {
        run: async body => {
          checked(parseNothing, body);
          schedule.now();
          wake.wake();
          return { checking: true };
        },
      },
    },
    '/v1/apply': {
      POST: {
        run: async body => {
          checked(parseNothing, body);
          return apply();
        },
      },
    },
    '/v1/postponement': {
      POST: { run: async body => postpone(body) },
      DELETE: { run: () => change({ postponedUntilMs: undefined }) },
    },
    '/v1/security/events': { GET: { run: async () => ({ events: deps.securityLog.events() }) } },
  };

  return {
    call: async (role, method, path, body) => {
      const methods = Object.hasOwn(operations, path) ? operations[path] : undefined;
      if (!methods) throw new OwnerError('not-found', `There is no ${path}.`);
      const operation = Object.hasOwn(methods, method) ? methods[method] : undefined;
      if (!operation) throw new OwnerError('method-not-allowed', `${path} takes ${Object.keys(methods).join(', ')}.`);
      if (role !== 'admin' && operation.role !== role) throw new OwnerError('forbidden', 'Only the owner may do this.');
      return operation.run(body);
    },
  };
}

function checked<T>(parse: (value: unknown) => Parsed<T>, body: unknown): T {
  const parsed = parse(body);
  if (parsed.ok) return parsed.value;
  throw new OwnerError('invalid-input', parsed.fault.message, parsed.fault.path);
}
