/**
 * The seams of the agent: what the state machine asks of trust, download, installer and server.
 * Trust and installer belong to the helper's side (trustDir), download and server to the network's side (netDir);
 * they share no state, so that they can become two processes with two rights.
 */
import type { CheckInAnswer, CheckInRequest, DeltaEntry, Firmware, Report } from '@tidegate/protocol';
import type { AgentError } from './agent-error.ts';
import type { Notices } from './trust/notices.ts';

/** Bytes that signed lists name. */
export interface SignedArtifact {
  readonly path: string;
  readonly sha256: string;
  readonly lengthBytes: number;
}

/** A target that the device's own signed lists name and that its own facts allow. */
export interface AcceptedTarget extends SignedArtifact {
  readonly firmware: Firmware;
  /** RFC 3339: the expiry of the channel role under which it was accepted; staged work may go on until then. */
  readonly validUntil: string;
}

/** A shorter way to an image, as the list that has the image names it. */
export interface SignedDelta<E extends DeltaEntry = DeltaEntry> extends SignedArtifact {
  readonly entry: E;
}

/** The bytes of an image that this device has: what it can be told of another one by. */
export interface OldImage {
  readonly path: string;
  readonly lengthBytes: number;
  /** What it was when it was written; whether it is still so shows when it is used. Absent where nobody noted it. */
  readonly sha256?: string;
}

/** What a download may save data by. */
export interface Shortcuts {
  readonly deltas: readonly SignedDelta[];
  readonly oldImage: OldImage;
  /** Told of each delta that is given up, and why: of what was not signed, by the codes of artifacts. */
  readonly onGivenUp: (delta: SignedDelta, fault: AgentError) => Promise<void>;
}

/** What runs in one component, from the slot record that the agent wrote itself. */
export interface InstalledRelease {
  readonly version: string;
  readonly counter: number;
  /** Absent for what came from the factory. */
  readonly sha256?: string;
}

/** Facts of this device, from its image and its hardware, never from the server. */
export interface DeviceFacts {
  readonly product: string;
  readonly hardware: string;
  readonly channel: string;
  readonly installed: Readonly<Record<string, InstalledRelease>>;
}

export interface RefreshResult {
  /** Whether anything changed since the last refresh. */
  readonly changed: boolean;
  readonly timestampVersion: number;
  /** RFC 3339. */
  readonly timestampExpires: string;
}

export interface Trust {
  /**
   * Fetches the newest signed lists (TUF 5.3 to 5.6) into a new generation and swaps it in, or throws an AgentError
   * and leaves the last good generation as it was. Tries each metadata source in turn.
   */
  refresh(signal?: AbortSignal): Promise<RefreshResult>;
  /**
   * The acceptance rule on the newest good generation; throws an AgentError with the code of the first rule broken.
   * Works without a network and does not ask for a fresh timestamp (whoever takes an offer refreshes first): staged work
   * may go on until `validUntil`. `network`: there are no whole lists on this device yet.
   */
  accept(targetPath: string, device: DeviceFacts): Promise<AcceptedTarget>;
  /** Shorter ways to an accepted target that the same list has. None of them is needed, so none is an error. */
  deltasTo(target: SignedArtifact): Promise<SignedDelta[]>;
  /**
   * All that the acceptance rule lets in and that its maker lets devices offer to themselves, by the same lists. Whether
   * it is due is not asked here.
   */
  selfOfferable(device: DeviceFacts): Promise<AcceptedTarget[]>;
  /** What the newest good generation tells the owner; nothing where there are no whole lists yet. */
  notices(): Promise<Notices>;
  /** Release counter floor of a component; 0 where there is none. */
  floor(component: string): number;
  /**
   * Raises floors in one durable write; never lowers one. Called only after commit, and on every start for what runs
   * and is good.
   */
  raiseFloors(counters: Readonly<Record<string, number>>): Promise<void>;
  /** Trusted time: never before signed evidence, whatever the clock says. Milliseconds since 1970. */
  trustedNow(): number;
}

export interface DownloadProgress {
  readonly receivedBytes: number;
  readonly totalBytes: number;
}

/** Where the bytes of one artifact go as they come, and stay over breaks and power cuts. */
export interface ArtifactSink {
  /** Where they are. */
  readonly path: string;
  /** Bytes held, written or about to be. */
  size(): number;
  /** Forgets everything. */
  empty(): Promise<void>;
  /** @throws AgentError artifact-length where it would grow beyond the signed length */
  append(chunk: Buffer): Promise<void>;
  /** Writes what is still in memory, durably. @returns SHA-256 of the whole, hex */
  seal(): Promise<string>;
  /** Keeps what has come so far and lets go. */
  close(): Promise<void>;
}

export interface Downloader {
  /**
   * Brings a target's bytes into the network folder, or into a sink where one is given, resuming what is already there,
   * hashing on the way.
   * @returns path of a file, or of the sink, whose length and SHA-256 are those of the target
   * @throws AgentError network, artifact-hash, artifact-length, disk-full, data-budget, stopped (the signal fired);
   *   whatever the sink throws
   */
  download(
    target: SignedArtifact,
    options: {
      readonly signal: AbortSignal;
      readonly onProgress?: (p: DownloadProgress) => void;
      readonly openSink?: (() => Promise<ArtifactSink>) | undefined;
      readonly shortcuts?: Shortcuts | undefined;
    },
  ): Promise<string>;
  /** Forgets everything but the files of the targets named. */
  keepOnly(sha256s: readonly string[]): Promise<void>;
}

/** The two places where a component's software lives. */
export type SlotName = 'a' | 'b';

/** What the agent wrote about a slot, durable before the slot is used. */
export interface SlotRecord extends InstalledRelease {
  readonly target?: string;
  /** Committed after a healthy start. */
  readonly good: boolean;
}

/** A slot that was armed for trial and not yet committed, with the starts that it has left. */
export interface ArmedSlot {
  readonly slot: SlotName;
  readonly triesLeft: number;
  /** The other one did not start either: the boot loader chose what repairs the device. */
  readonly recovered?: boolean;
}

export interface SlotsView {
  /** The slot that runs now, judged by the link or boot environment, not by the journal. */
  readonly running: SlotName;
  readonly records: Readonly<Partial<Record<SlotName, SlotRecord>>>;
  readonly armed?: ArmedSlot;
}

/** A place within a slot for artifacts that need no other on their way. */
export interface Intake {
  /** All of it has come, and waits to be read back. */
  readonly isWhole: boolean;
  /** From here on the slot holds nothing else that could be started. @throws AgentError where it cannot take the artifact */
  open(): Promise<ArtifactSink>;
}

/** Puts software into slots. Every method may be called again after a crash at any point of it. */
export interface Installer {
  slots(): Promise<SlotsView>;
  /** The image that runs now, as it was handed in; undefined, or absent, where there is none such any more. */
  runningImage?(): Promise<OldImage | undefined>;
  /** Where the bytes of such an artifact go straight to; undefined, or absent: into a file first. */
  intake?(target: AcceptedTarget): Promise<Intake | undefined>;
  /**
   * Writes an artifact into the slot that does not run, reads it back, records it as not good. Hashes the very bytes
   * that it uses.
   * @param artifactFile what the download brought: a file, or the path of what the intake took
   */
  install(artifactFile: string, target: AcceptedTarget, signal: AbortSignal): Promise<SlotName>;
  /** Arms the slot for trial and switches to it: `live` where it runs at once, `reboot` where the machine must restart. */
  activate(slot: SlotName): Promise<'live' | 'reboot'>;
  /** Commits the running slot after a healthy trial. */
  markGood(slot: SlotName): Promise<void>;
  /** Gives a slot up and goes back to the other. */
  markBad(slot: SlotName): Promise<'live' | 'reboot'>;
  /** Waits until the software in the running slot is healthy; throws health-failed, boot-failed or trial-timeout. */
  proveHealthy(signal: AbortSignal): Promise<void>;
}

/** What vouches for the device's key. */
export type EnrolWay =
  | { readonly by: 'claim-token'; readonly claimToken: string }
  /** The manufacturer told the server of the key beforehand. */
  | { readonly by: 'registered-key' }
  /** PEM of a certificate for the device's key, by the manufacturer's authority. */
  | { readonly by: 'certificate'; readonly certificate: string };

export interface UpdateServer {
  /** True once a device id is held. */
  enrolled(): boolean;
  deviceId(): string | undefined;
  /** @throws AgentError network where the server refuses, and then nothing is stored */
  enrol(way: EnrolWay): Promise<{ deviceId: string; product: string }>;
  /** @throws AgentError network, with retryAfterSeconds where the server asked for it */
  checkIn(request: CheckInRequest, signal?: AbortSignal): Promise<CheckInAnswer>;
  /**
   * Holds an event stream open until it ends, telling each time how soon to check in.
   * @returns milliseconds after which the server asks to open it again; undefined where it does not say
   * @throws AgentError network where the stream is refused or breaks
   */
  listen(onCheckIn: (withinSeconds: number) => void, signal: AbortSignal): Promise<number | undefined>;
  /** @returns ids that are durable on the server */
  sendReports(reports: readonly Report[], signal?: AbortSignal): Promise<readonly string[]>;
}
