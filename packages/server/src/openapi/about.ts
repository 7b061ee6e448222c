/** What the two documents say of themselves. */
import type { About } from './openapi.ts';

const REFUSALS =
  'Each operation lists the codes that it may refuse with, by status; a refusal is `application/problem+json` with its code, and for faulty input the path to the field. Requests are closed: an unknown field is refused. Answers are open: ignore what you do not know. Each GET answers HEAD too.';
const SERVER = 'Health, and this document.';

export const DEVICE_API_ABOUT: About = {
  title: 'Tidegate: device API',
  description: `What devices ask of the distribution server. ${REFUSALS}`,
  tags: {
    identity: 'How a device becomes known, and proves who it is.',
    updates: 'What there is to do, and how it went.',
    content: 'Signed metadata and the bytes that it names: static, public, and worth nothing without their signatures.',
    server: SERVER,
  },
};

export const ADMIN_API_ABOUT: About = {
  title: 'Tidegate: admin API',
  description: `What operators, release engineers and their tools ask of the distribution server. ${REFUSALS}`,
  tags: {
    fleet: 'Products and devices.',
    releases: 'What is published: it comes from signed metadata alone.',
    rollouts: 'Who gets a release, and when.',
    publishing: 'Signed metadata and artifacts become visible as one set, or not at all.',
    people: 'Who may use this API.',
    server: SERVER,
  },
};
