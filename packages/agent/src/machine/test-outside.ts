/** Tests: what lies outside a device: the update server, the signed lists, and the line that artifacts come over. */
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CheckInAnswer, CheckInRequest, Firmware, Offer, Report } from '@tidegate/protocol';
import { AgentError } from '../agent-error.ts';
import type { Clock } from '../clock.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { targetFor } from '../install/test-target.ts';
import type { Log } from '../log.ts';
import type { AcceptedTarget, ArtifactSink, Downloader, SignedArtifact, Trust, UpdateServer } from '../ports.ts';
import { openFloorStore } from '../trust/floor-store.ts';
import { counterFloor, raiseCounters } from '../trust/floors.ts';
import { NO_NOTICES, type Notices } from '../trust/notices.ts';
import { NOW_MS } from './test-clock.ts';

const PIECE_BYTES = 100_000;

/** What a test says of it, before a start of the agent or while it runs. */
export interface Outside {
  /** What the server answers beside an offer; may be exchanged. */
  answering: (request: CheckInRequest) => Partial<CheckInAnswer>;
  /** What happens at the signed lists' next fetches; may be exchanged. */
  refreshing: () => void;
  /** Offered as long as the device tells of an older one. */
  offer: Offer | undefined;
  readonly held: Set<string>;
  /** What the signed lists tell the owner; may be exchanged. */
  notices: Notices;
  /** When the signed list ends that is here now; may be exchanged. */
  listedUntil: string;
  /** What the line that artifacts come over does; may be exchanged. */
  fetching: () => Promise<void> | void;
  isEnrolled: boolean;
  /** Says over the event stream that it is worth checking in at once. False where nobody listens. */
  sayCheckIn(): boolean;
  /** The next download brings other bytes. */
  spoilNextDownload(): void;
  readonly reports: readonly Report[];
  /** States reported so far, in order, with the code where there is one. */
  told(): string[];
  /** Signs a release, whose service answers with this status unless it has other bytes, and offers it. */
  release(
    version: string,
    counter: number,
    status?: number,
    signed?: Partial<Firmware>,
    bytes?: Buffer,
  ): Promise<Offer>;
  /** Puts bytes where a download of that target finds them. */
  publish(path: string, bytes: Buffer): void;
}

/** The device that it is the outside of. */
interface Around {
  readonly folder: string;
  readonly trustDir: string;
  readonly clock: Clock;
  readonly log: Log;
  /** What the component came with. */
  readonly factory: { readonly version: string; readonly counter: number };
}

interface Doubles {
  readonly outside: Outside;
  readonly server: UpdateServer;
  readonly downloader: Downloader;
  /** The signed lists as one start of the agent finds them, over the device's real floors. */
  openTrust(files: DurableFiles): Promise<Trust>;
}

export function createOutside({ folder, trustDir, clock, log, factory }: Around): Doubles {
  const lists = new Map<string, AcceptedTarget>();
  const bytesOf = new Map<string, Buffer>();
  const reports: Report[] = [];
  const line = { spoiled: false };
  const streams = new Set<(withinSeconds: number) => void>();

  const outside: Outside = {
    answering: () => ({}),
    refreshing: () => undefined,
    fetching: () => undefined,
    isEnrolled: true,
    sayCheckIn: () => {
      for (const onCheckIn of streams) onCheckIn(0);
      return streams.size > 0;
    },
    offer: undefined,
    held: new Set(),
    notices: NO_NOTICES,
    listedUntil: '2030-01-01T00:00:00Z',
    spoilNextDownload: () => {
      line.spoiled = true;
    },
    reports,
    told: () => reports.map(r => (r.code === undefined ? r.state : `${r.state} ${r.code}`)),
    async release(version, counter, status = 200, signed = {}, bytes = Buffer.from(`${status} ${version}`)) {
      const target = targetFor(bytes, {
        component: 'app',
        version,
        counter,
        format: 'file',
        file: 'app.bin',
        ...signed,
      });
      lists.set(target.path, target);
      bytesOf.set(target.path, bytes);
      const rolloutId = counter.toString(16).padStart(32, '0');
      outside.offer = {
        rolloutId,
        attempt: 1,
        target: target.path,
        component: 'app',
        counter,
        class: 'feature',
        notBefore: '2026-11-01T00:00:00Z',
        pollDuringUpdateSeconds: 60,
      };
      return outside.offer;
    },
    publish: (path, bytes) => void bytesOf.set(path, bytes),
  };

  const server: UpdateServer = {
    enrolled: () => outside.isEnrolled,
    deviceId: () => '0'.repeat(32),
    enrol: () => Promise.reject(new AgentError('internal', 'it is enrolled')),
    async checkIn(request) {
      const { offer } = outside;
      const runs = request.components.find(c => c.component === offer?.component)?.counter ?? 0;
      const isNews = offer !== undefined && runs < offer.counter;
      return { offer: isNews ? offer : null, stop: [], pollAfterSeconds: 60, ...outside.answering(request) };
    },
    async listen(onCheckIn, signal) {
      streams.add(onCheckIn);
      await aborted(signal);
      streams.delete(onCheckIn);
      return undefined;
    },
    async sendReports(sent) {
      // As the real one: a report sent again after a crash counts once.
      reports.push(...sent.filter(r => !reports.some(known => known.id === r.id)));
      return sent.map(r => r.id);
    },
  };

  const downloader: Downloader = {
    async download(target, { signal, openSink }) {
      const fetch = async () => {
        await Promise.race([outside.fetching(), aborted(signal)]);
        if (signal.aborted) throw new AgentError('stopped', 'the download was stopped');
        const signed = bytesOf.get(target.path) ?? Buffer.alloc(0);
        const bytes = line.spoiled ? Buffer.from(signed.map(b => b ^ 1)) : signed;
        line.spoiled = false;
        return bytes;
      };
      if (openSink) return pour(fetch, await openSink(), target);
      const file = join(folder, 'artifact');
      await writeFile(file, await fetch());
      return file;
    },
    keepOnly: () => rm(join(folder, 'artifact'), { force: true }),
  };

  const openTrust = async (files: DurableFiles): Promise<Trust> => {
    const base = { trustDir, files, clock, log, builtAtMs: NOW_MS, hadLists: false };
    const store = await openFloorStore({ ...base, knownCounters: [{ app: factory.counter }] });
    return {
      deltasTo: async () => [],
      async refresh() {
        outside.refreshing();
        return { changed: true, timestampVersion: 1, timestampExpires: '2030-01-01T00:00:00Z' };
      },
      async accept(path, { installed }) {
        const target = lists.get(path);
        if (!target) throw new AgentError('target-not-signed', path);
        if (Date.parse(outside.listedUntil) <= clock.now()) throw new AgentError('metadata-expired', path);
        if (outside.held.has(path)) throw new AgentError('held', path);
        const { component, counter } = target.firmware;
        const runs = installed[component]?.counter ?? 0;
        if (counter <= runs || counter < counterFloor(store.floors(), component))
          throw new AgentError('counter-rollback', path);
        return { ...target, validUntil: outside.listedUntil };
      },
      async selfOfferable({ installed }) {
        const isNews = ({ path, firmware }: AcceptedTarget) =>
          firmware.counter > (installed[firmware.component]?.counter ?? 0) && !outside.held.has(path);
        return [...lists.values()].filter(isNews).map(target => ({ ...target, validUntil: outside.listedUntil }));
      },
      notices: () => Promise.resolve(outside.notices),
      floor: component => counterFloor(store.floors(), component),
      raiseFloors: counters => store.save(raiseCounters(store.floors(), counters)),
      trustedNow: clock.now,
    };
  };

  return { outside, server, downloader, openTrust };
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

/** What is missing of it, in small pieces. */
async function pour(fetch: () => Promise<Buffer>, sink: ArtifactSink, { sha256 }: SignedArtifact): Promise<string> {
  try {
    const bytes = await fetch();
    while (sink.size() < bytes.length) await sink.append(bytes.subarray(sink.size(), sink.size() + PIECE_BYTES));
    if ((await sink.seal()) === sha256) return sink.path;
    await sink.empty();
    throw new AgentError('artifact-hash', 'the bytes are not those that were signed');
  } finally {
    await sink.close();
  }
}
