/**
 * Security apart from features (explanatory text of EN 303 645 5.3): owners who refuse new features must get every fix, so
 * the two come in one release only where a reason for it is signed along. Pure; the list is signed in whose name these rules hold.
 */
import type { Firmware } from '@tidegate/protocol';
import { hasText } from './has-text.ts';

export interface ClassFault {
  readonly code: 'risk-missing' | 'class-mixed';
  /** JSON pointer into the description. */
  readonly path: string;
  readonly message: string;
}

export type Classed = Pick<Firmware, 'class' | 'fixes' | 'addsFeatures' | 'mixedReason'>;

/** All that stands against a release's class; empty where nothing does. */
export function classFaults(release: Classed): ClassFault[] {
  return [...riskFaults(release), ...featureFaults(release)];
}

/** Fixes and features in one release. */
export function isMixed(release: Classed): boolean {
  const fixes = release.class === 'security' || (release.fixes ?? []).length > 0;
  return fixes && addsFeatures(release);
}

function addsFeatures(release: Classed): boolean {
  return release.class === 'feature' || release.addsFeatures === true;
}

/** EN 303 645 5.3-11: who is told of a security update is told in plain words what risk it removes. */
function riskFaults({ class: releaseClass, fixes = [] }: Classed): ClassFault[] {
  const silent = fixes.flatMap((fix, i): ClassFault[] =>
    hasText(fix.risk)
      ? []
      : [
          {
            code: 'risk-missing',
            path: `/fixes/${i}/risk`,
            message: `says nothing of the risk that fix ${fix.id} removes.`,
          },
        ],
  );
  if (releaseClass !== 'security' || fixes.length > 0) return silent;
  return [
    {
      code: 'risk-missing',
      path: '/fixes',
      message: `is empty, but the class is security: say what it fixes and the risk in plain words.`,
    },
  ];
}

function featureFaults(release: Classed): ClassFault[] {
  const { class: releaseClass, addsFeatures: said, mixedReason } = release;
  const fault = (path: string, message: string): ClassFault[] => [{ code: 'class-mixed', path, message }];
  if (releaseClass === 'feature' && said === false)
    return fault('/addsFeatures', 'is false, but the class is feature.');
  if (releaseClass === 'maintenance' && said === true) {
    return fault('/addsFeatures', 'is true, but a maintenance release adds nothing: its class is feature.');
  }
  const reason = mixedReason !== undefined && hasText(mixedReason);
  if (isMixed(release) && !reason) {
    return fault(
      '/mixedReason',
      'is missing: fixes and features come together here. Make two releases of it, or say why one.',
    );
  }
  if (!isMixed(release) && mixedReason !== undefined) {
    return fault('/mixedReason', 'stands here, but fixes and features do not come together.');
  }
  return [];
}
