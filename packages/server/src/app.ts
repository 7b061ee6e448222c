/**
 * Every route tree of the server, on one page, on two listeners. Authentication is by position: what is registered
 * inside a plugin with a hook cannot be reached without passing it. The listeners share no route but the health checks
 * and the paths where each describes itself.
 */
import type { ServerOptions } from 'node:https';
import { Server as TlsServer } from 'node:tls';
import { ADMIN_API, DEVICE_API, LIMITS, METADATA_BASE, TARGETS_BASE } from '@tidegate/protocol';
import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import { deviceRoutes, productRoutes } from './admin/fleet-routes.ts';
import { authenticateOperators, guarded } from './admin/operator-authentication.ts';
import { authorityRoutes } from './admin/authority-routes.ts';
import { keyRoutes } from './admin/key-routes.ts';
import { releaseRoutes } from './admin/release-routes.ts';
import { tagRoutes } from './admin/tag-routes.ts';
import { statusRoutes } from './admin/status-routes.ts';
import { tokenRoutes } from './admin/token-routes.ts';
import type { ArtifactStore } from './content/artifact-store.ts';
import { metadataRoutes } from './content/metadata-routes.ts';
import { targetRoutes } from './content/target-routes.ts';
import type { Deps } from './deps.ts';
import type { FleetConfig } from './fleet/fleet-config.ts';
import type { FleetPace } from './fleet/fleet-pace.ts';
import { eventRoute } from './events/event-route.ts';
import { type EventStreams, openEventStreams } from './events/event-streams.ts';
import { tellOfChanges } from './events/tell-of-changes.ts';
import { controlLoad, type LoadControl } from './fleet/load-control.ts';
import { healthRoutes } from './http/health-routes.ts';
import { type AppLimits, newApp } from './http/new-app.ts';
import { renewTicketKeys, TLS_SESSIONS } from './http/tls-sessions.ts';
import { useAccessTokens } from './identity/access-token.ts';
import { authenticateDevices } from './identity/device-authentication.ts';
import { identityRoutes } from './identity/identity-routes.ts';
import type { Revocations } from './identity/revocations.ts';
import type { ServerKeys } from './identity/server-keys.ts';
import { type Listener, type Metrics, newMetrics, refusalCounter } from './metrics/metrics.ts';
import { metricsRoute } from './metrics/metrics-route.ts';
import { timeRequests } from './metrics/request-timing.ts';
import { ADMIN_API_ABOUT, DEVICE_API_ABOUT } from './openapi/about.ts';
import { openapi } from './openapi/openapi.ts';
import { publicationRoutes } from './publication/publication-routes.ts';
import { type PublishedRoles, rememberPublishedRoles } from './publication/published-roles.ts';
import type { Queues } from './queue/queue.ts';
import { reportRoute } from './reports/report-route.ts';
import type { Board } from './rollout/board.ts';
import { checkInRoute } from './rollout/check-in-route.ts';
import type { DeviceMemory } from './rollout/device-memory.ts';
import { policyRoutes } from './rollout/policy-routes.ts';
import { rolloutActRoutes, rolloutApprovalRoutes } from './rollout/rollout-act-routes.ts';
import { rolloutCreateRoutes, rolloutReadRoutes } from './rollout/rollout-routes.ts';

export interface AppDeps extends Deps {
  readonly keys: ServerKeys;
  readonly revocations: Revocations;
  readonly artifacts: ArtifactStore;
  readonly board: Board;
  readonly memory: DeviceMemory;
  readonly pace: FleetPace;
  readonly fleet: FleetConfig;
  readonly queue: Pick<Queues, 'backend' | 'reachable' | 'depth' | 'judgeSoon'>;
  readonly artifactRedirect: string | undefined;
  readonly deviceBytesPerSecond: number | undefined;
  readonly downloadsAtOnce?: number | undefined;
  /** For the device listener; null: plain HTTP, behind something that ends TLS, or on loopback. */
  readonly tls: Pick<ServerOptions, 'cert' | 'key' | 'minVersion'> | null;
}

export interface Apps {
  readonly device: FastifyInstance;
  readonly admin: FastifyInstance;
}

const DEVICE_LIMITS = { bodyBytes: LIMITS.checkInBytes, requestSeconds: 30, connections: 50_000 };
/** Uploads of large images take their time; `connectionTimeout` still ends one that stands still. */
const ADMIN_LIMITS = { bodyBytes: 1024 * 1024, requestSeconds: 0, connections: 1000 };

/**
 * A client certificate is asked for, so that a device can enrol by it, and judged there and nowhere else: what TLS itself
 * would trust (any authority of the system) is not what we trust, and every other route proves its devices otherwise.
 */
function asking(tls: AppDeps['tls']): ServerOptions | null {
  return tls && { ...tls, ...TLS_SESSIONS, requestCert: true, rejectUnauthorized: false };
}

export async function buildApp(deps: AppDeps): Promise<Apps> {
  const { log, tls } = deps;
  const metrics = newMetrics();
  const publishedRoles = rememberPublishedRoles(deps.db);
  const { checkInsPerSecond } = deps.pace;
  const events = openEventStreams({ most: deps.fleet.eventStreams, checkInsPerSecond, random: Math.random });
  tellOfChanges({ ...deps, events });
  const load = controlLoad({ ...deps, random: Math.random });
  const counted = { ...deps, metrics, publishedRoles, load, events };
  const listen = (listener: Listener, limits: AppLimits, https: ServerOptions | null) =>
    newApp(log.child({ listener }), limits, { https, refused: refusalCounter(metrics, listener) });
  const device = listen('device', DEVICE_LIMITS, asking(tls));
  if (device.server instanceof TlsServer) renewTicketKeys(device.server);
  const admin = listen('admin', ADMIN_LIMITS, null);
  timeRequests(device, 'device', metrics);
  timeRequests(admin, 'admin', metrics);
  const health = healthRoutes({ db: deps.db, boardConfirmed: () => deps.board.current() !== undefined });

  await openapi(device, DEVICE_API_ABOUT);
  await openapi(admin, ADMIN_API_ABOUT);

  await useAccessTokens(device, deps.keys.tokenKeys);
  await device.register(health);
  await device.register(withinLoad(counted));

  await admin.register(health);
  await admin.register(metricsRoute(counted));
  await admin.register(operators(counted), { prefix: ADMIN_API });
  return { device, admin };
}

/** With what the app itself makes. */
interface CountedDeps extends AppDeps {
  readonly metrics: Metrics;
  readonly publishedRoles: PublishedRoles;
  readonly load: LoadControl;
  readonly events: EventStreams;
}

/** What devices ask for; the health checks stand outside, so that they are answered however many come. */
function withinLoad(deps: CountedDeps): FastifyPluginAsync {
  return async app => {
    deps.load.watch(app);
    app.addHook('onClose', async () => deps.load.close());
    await app.register(metadataRoutes(deps), { prefix: METADATA_BASE });
    await app.register(targetRoutes(deps), { prefix: TARGETS_BASE });
    await app.register(identityRoutes({ ...deps, nonceSecret: deps.keys.nonceSecret }), { prefix: DEVICE_API });
    await app.register(enrolledDevices(deps), { prefix: DEVICE_API });
  };
}

function enrolledDevices(deps: CountedDeps): FastifyPluginAsync {
  return async app => {
    authenticateDevices(app, deps);
    await app.register(checkInRoute(deps));
    await app.register(reportRoute(deps));
    await app.register(eventRoute(deps));
  };
}

function operators(deps: CountedDeps): FastifyPluginAsync {
  const fleet = { read: 'viewer', write: 'operator' } as const;
  return async app => {
    authenticateOperators(app, deps.db);
    await app.register(guarded(fleet, statusRoutes(deps)));
    await app.register(guarded(fleet, productRoutes(deps)));
    await app.register(guarded(fleet, deviceRoutes(deps)));
    await app.register(guarded(fleet, tagRoutes(deps)));
    await app.register(guarded(fleet, keyRoutes(deps)));
    await app.register(guarded(fleet, authorityRoutes(deps)));
    await app.register(guarded(fleet, releaseRoutes(deps)));
    await app.register(guarded(fleet, rolloutReadRoutes(deps)));
    await app.register(guarded(fleet, rolloutCreateRoutes(deps)));
    await app.register(guarded(fleet, rolloutActRoutes(deps)));
    await app.register(guarded({ read: 'releaser', write: 'releaser' }, rolloutApprovalRoutes(deps)));
    await app.register(guarded({ read: 'viewer', write: 'admin' }, policyRoutes(deps)));
    await app.register(guarded({ read: 'releaser', write: 'releaser' }, publicationRoutes(deps)));
    await app.register(guarded({ read: 'admin', write: 'admin' }, tokenRoutes(deps)));
  };
}
