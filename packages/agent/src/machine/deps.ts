/** What the steps work with: the outside world behind ports, the owner's settings, the durable records. */
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Courier } from '../outbox/courier.ts';
import type { ProductCard } from '../download/product-card.ts';
import type { SettingsStore } from '../policy/settings.ts';
import type { DownloadProgress, Downloader, Installer, Trust, UpdateServer } from '../ports.ts';
import type { SecurityLog } from '../security/security-log.ts';
import type { AttemptLog } from './attempts.ts';
import type { BackoffSettings } from './backoff.ts';
import type { Pulse } from './pulse.ts';
import type { Schedule } from './schedule.ts';
import type { Silence } from './silence.ts';
import type { State } from './state.ts';
import type { Wake } from './wake.ts';

/** Facts of this device that do not change while the agent runs. */
export interface DeviceIdentity {
  readonly product: string;
  readonly hardware: string;
  readonly channel: string;
  /** 32 lowercase hex digits, another one after each boot of the machine. */
  readonly bootId: string;
  readonly agentVersion: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** What the device does while no server speaks to it. */
export interface WithoutServer {
  /** From then on releases come by their signed schedules. */
  readonly afterSilentDays: number;
  /** How often the signed lists are looked at where no server is configured. */
  readonly pollSeconds: number;
}

export interface MachineDeps {
  readonly device: DeviceIdentity;
  readonly trust: Trust;
  readonly downloader: Downloader;
  readonly productCard: ProductCard;
  /** Absent where the image names none: then releases come from mirrors alone, by their signed schedules. */
  readonly server: UpdateServer | undefined;
  readonly silence: Silence;
  /** By component. */
  readonly installers: ReadonlyMap<string, Installer>;
  readonly settings: SettingsStore;
  readonly attempts: AttemptLog;
  readonly courier: Courier;
  readonly securityLog: SecurityLog;
  readonly schedule: Schedule;
  readonly wake: Wake;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly backoff: BackoffSettings;
  readonly withoutServer: WithoutServer;
  readonly log: Log;
  readonly pulse: Pulse;
  /** Told of each state once it is durable. */
  readonly onState: (state: State) => void;
  readonly onProgress: (progress: DownloadProgress) => void;
  /** Restarts the machine, for installers that need it; resolves when it is under way. */
  readonly reboot: () => Promise<void>;
}
