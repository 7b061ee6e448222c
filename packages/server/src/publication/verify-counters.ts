/**
 * The release counter, which is what stops a rollback of firmware: within a product's component one counter stands for
 * one version and the other way round, over all channels and hardware, and it rises in bounded steps. Pure.
 */
import { LIMITS } from '@tidegate/protocol';
import { ServerError } from '../server-error.ts';

export interface VersionedRelease {
  readonly product: string;
  readonly component: string;
  readonly version: string;
  readonly counter: number;
}

/** @param known whatever was published before @param signed what is signed now, old and new. Throws ServerError: metadata-invalid. */
export function verifyCounters(
  known: readonly VersionedRelease[],
  signed: readonly (VersionedRelease & { readonly path: string })[],
): void {
  const components = new Map<string, Component>();
  const componentOf = (release: VersionedRelease): Component => {
    const key = `${release.product}/${release.component}`;
    const there = components.get(key) ?? { versions: new Map(), counters: new Map(), highest: undefined };
    components.set(key, there);
    return there;
  };
  for (const release of known) note(componentOf(release), release);
  for (const release of signed.toSorted((a, b) => a.counter - b.counter)) {
    const component = componentOf(release);
    mustBelong(component, release);
    note(component, release);
  }
}

interface Component {
  readonly versions: Map<string, number>;
  readonly counters: Map<number, string>;
  highest: number | undefined;
}

function note(component: Component, { version, counter }: VersionedRelease): void {
  component.versions.set(version, counter);
  component.counters.set(counter, version);
  component.highest = Math.max(component.highest ?? 0, counter);
}

function mustBelong({ versions, counters, highest }: Component, release: VersionedRelease & { path: string }): void {
  const { path, version, counter } = release;
  const otherCounter = versions.get(version);
  const otherVersion = counters.get(counter);
  const refuse = (check: string) => new ServerError('metadata-invalid', `${path}: ${check}`);
  if (otherCounter !== undefined && otherCounter !== counter) {
    throw refuse(`version ${version} has counter ${otherCounter} already, not ${counter}`);
  }
  if (otherVersion !== undefined && otherVersion !== version) {
    throw refuse(`counter ${counter} belongs to version ${otherVersion} already`);
  }
  if (highest !== undefined && counter > highest + LIMITS.counterStep) {
    throw refuse(`counter ${counter} is more than ${LIMITS.counterStep} above ${highest}`);
  }
}
