/** Submissions over HTTP. Who may open one is decided before anything of it is kept; afterwards its id is the right to it. */
import type { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import {
  closed,
  DetachedSignature,
  Hex32,
  LIMITS,
  page,
  RoleName,
  Sha256,
  SubmissionRequest,
  SubmissionStateName,
  SubmissionView,
} from '@tidegate/protocol';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { SIGNATURE_FILE_BYTES } from '../../edit/detached-signature.ts';
import { Payload } from '../../edit/payload.ts';
import { type Access, callerOf, mustRead, mustSubmit } from '../access/caller.ts';
import type { Desk } from '../submissions/desk.ts';

export interface SubmissionDeps {
  readonly access: Access;
  /** @throws SignerError `not-active` where this process is not the active one */
  readonly desk: () => Desk;
}

const REQUEST_BYTES = 2 * 1024 ** 2;
const PAGE = 100;
const Id = closed({ id: Hex32 });

export function submissionRoutes({ access, desk }: SubmissionDeps): FastifyPluginAsyncTypebox {
  const caller = (request: FastifyRequest) => callerOf(access, request.headers.authorization);
  return async app => {
    app.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, payload));

    app.post(
      '/submissions',
      { bodyLimit: REQUEST_BYTES, schema: { body: SubmissionRequest, response: { 200: SubmissionView } } },
      async request => {
        const active = desk();
        const who = await caller(request);
        mustSubmit(access, who, request.body.role);
        return active.open(request.body, who.by === 'token' ? { issuer: who.issuer, subject: who.subject } : undefined);
      },
    );
    app.put(
      '/submissions/:id/artifacts/:sha256',
      { bodyLimit: LIMITS.artifactBytes, schema: { params: closed({ id: Hex32, sha256: Sha256 }) } },
      async (request, reply) => {
        const { id, sha256 } = request.params;
        await desk().upload(id, sha256, request.body as Readable, announcedBytes(request));
        return reply.code(204).send();
      },
    );
    app.post('/submissions/:id/submit', { schema: { params: Id, response: { 200: SubmissionView } } }, async request =>
      desk().submit(request.params.id),
    );
    app.post(
      '/submissions/:id/signatures',
      {
        bodyLimit: SIGNATURE_FILE_BYTES,
        schema: { params: Id, body: DetachedSignature, response: { 200: SubmissionView } },
      },
      async request => desk().addSignature(request.params.id, request.body),
    );
    app.get('/submissions/:id/payload', { schema: { params: Id, response: { 200: Payload } } }, async request =>
      desk().payload(request.params.id),
    );
    app.get(
      '/submissions/:id',
      {
        schema: {
          params: Id,
          querystring: closed({
            waitSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: LIMITS.submissionWaitSeconds })),
          }),
          response: { 200: SubmissionView },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        const found = desk().get(id);
        const { waitSeconds = 0 } = request.query;
        if (found.state === 'publishing' && waitSeconds > 0) {
          const gone = new AbortController();
          reply.raw.once('close', () => gone.abort());
          await desk().changed(id, AbortSignal.any([gone.signal, AbortSignal.timeout(waitSeconds * 1000)]));
        }
        return desk().get(id);
      },
    );
    app.get(
      '/submissions',
      {
        schema: {
          querystring: closed({
            role: Type.Optional(RoleName),
            state: Type.Optional(SubmissionStateName),
            after: Type.Optional(Hex32),
          }),
          response: { 200: page(SubmissionView) },
        },
      },
      async request => {
        const { role, state, after } = request.query;
        const roles = mustRead(await caller(request));
        const all = desk().list(
          s =>
            (roles?.includes(s.role) ?? true) &&
            (role === undefined || s.role === role) &&
            (state === undefined || s.state === state),
        );
        const rest = after === undefined ? all : all.slice(all.findIndex(s => s.id === after) + 1);
        const items = rest.slice(0, PAGE);
        return { items, next: rest.length > PAGE ? (items.at(-1)?.id ?? null) : null };
      },
    );
  };
}

function announcedBytes(request: FastifyRequest): number | undefined {
  const text = request.headers['content-length'];
  return text === undefined ? undefined : Number(text);
}
