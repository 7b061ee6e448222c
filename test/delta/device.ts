/** A device that runs an old image, and a repository that lists a new one with deltas beside it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AcceptedTarget, AgentError, Shortcuts, SignedDelta } from '@tidegate/agent';
import { type HandMade, makeVictim, noise, sha256, type Victim } from '@tidegate/test';

export const OLD = noise(1_500_000, 'old');
/** A tenth of it is new. */
export const NEW = Buffer.concat([OLD.subarray(0, 1_000_000), noise(100_000, 'new'), OLD.subarray(1_100_000)]);

export interface DeltaDevice extends AsyncDisposable {
  readonly victim: Victim;
  readonly target: AcceptedTarget;
  readonly deltas: readonly SignedDelta[];
  readonly oldPath: string;
  /** Deltas that were given up, and why. */
  readonly givenUp: readonly { readonly path: string; readonly fault: AgentError }[];
  /** @returns the file that came out */
  download(): Promise<string>;
  /** What was asked for of a file, range by range. */
  asked(file: string): string[];
}

export async function deltaDevice(made: Readonly<Record<string, HandMade>>, content = NEW): Promise<DeltaDevice> {
  const victim = await makeVictim();
  const { repo } = victim;
  const path = victim.release({}, content);
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  for (const [file, { bytes, entry }] of Object.entries(made)) {
    const [, , component, version] = path.split('/');
    const common = { schema: 1, component, version, imageSha256: sha256(content), releasedAt: '2031-05-01T00:00:00Z' };
    repo.addTarget(repo.role, `${folder}${file}`, bytes, { ...common, ...entry });
  }
  repo.publish([repo.role]);
  await victim.trust.refresh();
  const target = await victim.trust.accept(path, {
    product: 'gw2',
    channel: 'stable',
    hardware: 'gw2-a',
    installed: {},
  });
  const oldPath = join(victim.netDir, '..', 'old.img');
  await writeFile(oldPath, OLD);
  const givenUp: { path: string; fault: AgentError }[] = [];
  const deltas = await victim.trust.deltasTo(target);
  const shortcuts: Shortcuts = {
    deltas,
    oldImage: { path: oldPath, lengthBytes: OLD.length, sha256: sha256(OLD) },
    onGivenUp: async (delta, fault) => void givenUp.push({ path: delta.path.split('/').at(-1) ?? '', fault }),
  };
  return {
    victim,
    target,
    deltas,
    oldPath,
    givenUp,
    download: () => victim.downloader.download(target, { signal: new AbortController().signal, shortcuts }),
    asked: file =>
      victim.server.requests
        .filter(request => request.split(' ')[0]?.endsWith(`.${file}`))
        .map(request => request.split(' ')[1] ?? 'whole'),
    [Symbol.asyncDispose]: () => victim[Symbol.asyncDispose](),
  };
}
