/** Publishing. */
import { CommitAnswer, PublicationAnswer, PublicationRequest } from '@tidegate/protocol';
import { PUBLICATION_ID, SHA256, TARGET } from './example-values.ts';
import { named } from './schema-book.ts';

export const PUBLICATION_EXAMPLES = [
  named('PublicationRequest', PublicationRequest, { idempotencyKey: 'release-1-3-0_2026-03-02' }),
  named('PublicationAnswer', PublicationAnswer, {
    id: PUBLICATION_ID,
    state: 'open',
    artifacts: [SHA256],
    metadata: ['7.snapshot.json'],
  }),
  named('CommitAnswer', CommitAnswer, { id: PUBLICATION_ID, timestampVersion: 7, newTargets: [TARGET] }),
];
