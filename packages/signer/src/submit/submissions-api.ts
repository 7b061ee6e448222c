/** A signing service's interface, as CI and key holders see it; a refusal becomes the error that says what to do. */
import {
  type DetachedSignature,
  jsonParser,
  LIMITS,
  page,
  type ProblemCode,
  SIGNING_API,
  type SubmissionRequest,
  type SubmissionState,
  SubmissionView,
} from '@tidegate/protocol';
import type { Static } from 'typebox';
import { PAYLOAD_BYTES } from '../edit/payload.ts';
import { readAnswer, refusalIn } from '../http/answer.ts';
import { type Answer, checkedUrl, type Exchange, exchange, type FileBody } from '../http/exchange.ts';
import { SIGNER_CODES, SignerError, type SignerCode } from '../signer-error.ts';

const SubmissionPage = page(SubmissionView);
type SubmissionPage = Static<typeof SubmissionPage>;

const ANSWER_BYTES = 4 * 1024 ** 2;
/** An answer may be held back while a submission is being published; judging a large list takes a while too. */
const IDLE_SECONDS = LIMITS.submissionWaitSeconds + 60;

export interface SubmissionsApi {
  /** @param token of the build; without one the list's own signature must do */
  open(request: SubmissionRequest, token: string | undefined): Promise<SubmissionView>;
  putArtifact(id: string, sha256: string, body: FileBody): Promise<void>;
  submit(id: string): Promise<SubmissionView>;
  /** Held back by the service for up to `waitSeconds` while it publishes. */
  show(id: string, waitSeconds: number): Promise<SubmissionView>;
  payload(id: string): Promise<Buffer>;
  addSignature(id: string, signature: DetachedSignature): Promise<SubmissionView>;
  /** Newest first. @param after the `next` of the page before */
  list(wanted: Wanted, token: string | undefined): Promise<SubmissionPage>;
}

export interface Wanted {
  readonly state: SubmissionState;
  readonly role?: string | undefined;
  readonly after?: string | undefined;
}

export function submissionsApi(service: string): SubmissionsApi {
  const base = checkedUrl(service);
  const call = async (method: Exchange['method'], path: string, more: Partial<Exchange> = {}) => {
    const url = new URL(`${SIGNING_API}/submissions${path}`, base);
    const answer = await exchange({ method, url, idleSeconds: IDLE_SECONDS, maxBytes: ANSWER_BYTES, ...more });
    if (answer.status >= 300) throw refusal(answer, `${method} ${url.pathname}`);
    return answer;
  };
  return {
    open: async (request, token) => readAnswer(parseView, await call('POST', '', jsonBody(request, bearer(token)))),
    putArtifact: async (id, sha256, body) => {
      await call('PUT', `/${id}/artifacts/${sha256}`, {
        body,
        headers: { 'content-type': 'application/octet-stream' },
      });
    },
    submit: async id => readAnswer(parseView, await call('POST', `/${id}/submit`)),
    show: async (id, waitSeconds) =>
      readAnswer(parseView, await call('GET', `/${id}?waitSeconds=${Math.floor(waitSeconds)}`)),
    payload: async id => (await call('GET', `/${id}/payload`, { maxBytes: PAYLOAD_BYTES })).body,
    addSignature: async (id, signature) =>
      readAnswer(parseView, await call('POST', `/${id}/signatures`, jsonBody(signature))),
    list: async (wanted, token) => {
      const query = new URLSearchParams(Object.entries(wanted).filter(([, value]) => value !== undefined));
      return readAnswer(parsePage, await call('GET', `?${query.toString()}`, { headers: bearer(token) }));
    },
  };
}

const parseView = jsonParser(SubmissionView);
const parsePage = jsonParser(SubmissionPage);

function jsonBody(value: unknown, headers: Readonly<Record<string, string>> = {}): Partial<Exchange> {
  return { body: Buffer.from(JSON.stringify(value)), headers: { 'content-type': 'application/json', ...headers } };
}

function bearer(token: string | undefined): Readonly<Record<string, string>> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

/** The service's refusals that people and scripts can act on, as the errors that say so here. */
const CODE_OF: Partial<Record<ProblemCode, SignerCode>> = {
  unauthenticated: 'token-invalid',
  'token-expired': 'token-expired',
  forbidden: 'policy-refused',
  'policy-refused': 'policy-refused',
  'key-not-in-role': 'key-not-in-role',
  'signature-invalid': 'signature-invalid',
  'role-unknown': 'role-unknown',
  'draft-stale': 'draft-stale',
  'submission-waiting': 'submission-waiting',
  'submission-state': 'submission-state',
  'artifact-unexpected': 'artifact-unexpected',
  'length-mismatch': 'artifact-length',
  'hash-mismatch': 'artifact-hash',
  'publication-incomplete': 'publication-incomplete',
  'disk-full': 'disk-full',
  'not-found': 'submission-unknown',
  unavailable: 'not-active',
};

function refusal(answer: Answer, what: string): SignerError {
  const { code, detail, words } = refusalIn(answer);
  // The detail of a refused list begins with the check that failed there; it is the same check as here.
  const known = code === 'list-refused' ? signerCode(detail.split(/[\s:]/, 1)[0]) : code && CODE_OF[code];
  return new SignerError(known ?? 'server-refused', `The signing service refused ${what}. ${words}`);
}

/** The error of this name, where there is one: a service may be newer than this program. */
export function signerCode(text: string | undefined): SignerCode | undefined {
  return SIGNER_CODES.find(code => code === text);
}
