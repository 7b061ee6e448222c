/** Health, status and refusals. */
import { Problem, StatusView } from '@tidegate/protocol';
import { Live, Ready } from '../http/health-routes.ts';
import { MORNING } from './example-values.ts';
import { exampleOf } from './problem-answers.ts';
import { named } from './schema-book.ts';

export const SERVER_EXAMPLES = [
  named('Problem', Problem, exampleOf('invalid-input')),
  named('Live', Live, { live: true }),
  named('Ready', Ready, { database: true, rollouts: true }),
  named('StatusView', StatusView, {
    version: '0.1.0',
    products: 1,
    devices: { known: 1000, seenLately: 990, revoked: 1, alarmed: 0 },
    releases: 13,
    rollouts: { running: 1, completed: 12 },
    metadata: [{ role: 'timestamp', version: 7, expiresAt: MORNING }],
    queue: { backend: 'postgresql', reachable: true },
  }),
];
