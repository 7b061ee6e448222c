/** What the config's schema cannot say: settings that are valid and still not what anybody means. */
import type { Config } from '../store/config.ts';
import { type Diagnosis, orSound, warning } from './diagnosis.ts';

/** The timestamp is what ends a freeze: a longer one ends it later, a shorter one runs out over night. */
const TIMESTAMP_DAYS_MAX = 7;

/** @param products that the list of delegations knows; undefined where it cannot be read */
export function configDiagnoses(config: Config, products: readonly string[] | undefined): readonly Diagnosis[] {
  const { keys, expiryDays } = config;
  const found = [
    ...keys
      .filter(({ name }, i) => keys.findIndex(k => k.name === name) < i)
      .map(({ name }) =>
        warning('config', {
          code: 'key-name-twice',
          message: `Two keys are named ${name}: status and diff cannot tell their holders apart.`,
          remedy: 'Give one of them another name in tidegate-signer.yaml.',
        }),
      ),
    ...(expiryDays.timestamp > TIMESTAMP_DAYS_MAX || expiryDays.timestamp > expiryDays.snapshot
      ? [
          warning('config', {
            code: 'expiry-unusual',
            path: '/expiryDays/timestamp',
            message: `Timestamps are valid for ${expiryDays.timestamp} days, snapshots for ${expiryDays.snapshot}: a server that withholds updates is found out only then.`,
            remedy: `Set expiryDays.timestamp to 1 to ${TIMESTAMP_DAYS_MAX}, and no longer than the snapshot's.`,
          }),
        ]
      : []),
    ...(products === undefined ? [] : Object.keys(config.products ?? {}).filter(name => !products.includes(name))).map(
      name =>
        warning('config', {
          code: 'policy-unused',
          path: `/products/${name}`,
          message: `What is demanded of ${name} holds for nothing: no list of releases is given to that product.`,
          remedy: `Write the name as in "tidegate-signer delegate add --product", or take it out.`,
        }),
    ),
  ];
  return orSound(found, 'config', 'The config is sound.');
}
