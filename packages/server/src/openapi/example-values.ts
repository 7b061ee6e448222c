/** What the examples share, so that they tell one story: a gateway that goes from 1.2.0 to 1.3.0. */
export const DEVICE_ID = '00112233445566778899aabbccddeeff';
export const ROLLOUT_ID = '5f0c1e3a9b7d42688e14c6d2a0f3b951';
export const SALT = '0123456789abcdef0123456789abcdef';
export const PUBLICATION_ID = '9d3f6b1c2e804a57b6c8d0e1f2a3b4c5';
export const SHA256 = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
export const TARGET = 'gw2/stable/app/1.3.0/app.tar';
export const CLAIM_TOKEN = 'q2n8Jc0vQb3mLr5xTt7yUu9zWw1aBb4dDe6fFg8hHi0';
export const NONCE = 'AAAAAGkk3sAVt2nQ0cZ5m8rXy4KdS7fPaB1uE3wGhJtL';
export const SIGNATURE = 'Zm9yIHJlYWRlcnMgb25seTogdGhpcyBpcyBubyBzaWduYXR1cmUgb2YgYW55dGhpbmc';
export const PUBLIC_KEY = 'MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE';
export const MORNING = '2026-03-02T08:00:00Z';
export const NOON = '2026-03-02T12:00:00Z';
export const COMPONENT = { component: 'app', version: '1.2.0', counter: 12, sha256: SHA256 } as const;
