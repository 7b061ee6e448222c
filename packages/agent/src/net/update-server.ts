/**
 * The update server as the device sees it: enrolment, check-ins, reports. It can say who and when, never what:
 * nothing that it answers is an input to trust. Keeps the device id in the network's folder, its key beside it.
 */
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import {
  CheckInAnswer,
  EnrolAnswer,
  enrolKeyPayload,
  enrolPayload,
  HEX_32_PATTERN,
  jsonParser,
  NAME_PATTERN,
  NonceAnswer,
  type Report,
  ReportsAnswer,
} from '@tidegate/protocol';
import * as Type from '@tidegate/protocol/type';
import { AgentError } from '../agent-error.ts';
import type { Clock } from '../clock.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { createStateFile } from '../durable/state-file.ts';
import type { EnrolWay, UpdateServer } from '../ports.ts';
import { type AccessToken, createAccessToken } from './access-token.ts';
import { createDeviceApi, type DeviceApi, type DeviceCall } from './device-api.ts';
import { type DeviceKey, deviceKeyPath, loadOrMakeDeviceKey } from './device-key.ts';
import type { HttpClient } from './http-client.ts';
import { followEvents } from './event-stream.ts';
import { refusalOf } from './http-refusal.ts';

export interface UpdateServerOptions {
  readonly http: HttpClient;
  /** A client that shows a certificate: used once, to enrol by it. */
  readonly httpAs: (identity: { readonly cert: string; readonly key: string }) => HttpClient;
  /** `https://updates.example`; the API's path is added. */
  readonly baseUrl: string;
  /** Of this image: what the device enrols for, and nothing else. */
  readonly product: string;
  /** Belongs to the network part: `device.*.json`, `device-key.pem`. */
  readonly netDir: string;
  readonly files: DurableFiles;
  readonly clock: Pick<Clock, 'now' | 'monotonicMs'>;
}

const parseEnrolled = jsonParser(EnrolAnswer);
const parseNonce = jsonParser(NonceAnswer);
const parseCheckIn = jsonParser(CheckInAnswer);
const parseReports = jsonParser(ReportsAnswer);

const Identity = Type.Object({
  deviceId: Type.String({ pattern: HEX_32_PATTERN }),
  product: Type.String({ pattern: NAME_PATTERN }),
});

/** Reads who the device is, where it has enrolled before. What cannot be read counts as not enrolled: enrolling mends it. */
export async function createUpdateServer(options: UpdateServerOptions): Promise<UpdateServer> {
  const { files, clock } = options;
  const api = createDeviceApi(options.http, options.baseUrl, clock);
  const state = createStateFile({
    files,
    path: join(options.netDir, 'device.json'),
    format: 1,
    schema: Identity,
    copies: 2,
  });
  const loadKey = () => loadOrMakeDeviceKey(files, deviceKeyPath(options.netDir));

  const loaded = await state.load();
  let identity = loaded.kind === 'value' ? loaded.value : undefined;
  let access: AccessToken | undefined;

  /** A call with a token; a token that the server no longer takes is renewed once. */
  const withToken = async <T>(ask: (accessToken: string) => Promise<T>, signal: AbortSignal | undefined) => {
    if (!identity) throw new AgentError('internal', 'this device is not enrolled');
    access ??= createAccessToken(api, await loadKey(), identity.deviceId, clock);
    const accessToken = await access.get(signal);
    try {
      return await ask(accessToken);
    } catch (error) {
      if (refusalOf(error)?.status !== 401) throw error;
      access.drop(accessToken);
      return await ask(await access.get(signal));
    }
  };
  const authenticated = <T>(call: DeviceCall<T>) =>
    withToken(accessToken => api.call({ ...call, accessToken }), call.signal);

  return {
    enrolled: () => identity !== undefined,
    deviceId: () => identity?.deviceId,

    async enrol(way) {
      const { deviceId, product } = await enrolKey(options, api, await loadKey(), way);
      if (product !== options.product) {
        throw new AgentError('network', `enrol: the server answered for product ${product}, not ${options.product}`);
      }
      await state.save({ deviceId, product });
      identity = { deviceId, product };
      access = undefined;
      return identity;
    },

    checkIn: (request, signal) => authenticated({ path: 'check-in', body: request, parse: parseCheckIn, signal }),

    listen: (onCheckIn, signal) =>
      withToken(accessToken => followEvents({ ...options, accessToken, onCheckIn, signal }), signal),

    async sendReports(reports: readonly Report[], signal) {
      if (reports.length === 0) return [];
      const { acknowledged } = await authenticated({
        path: 'reports',
        body: { reports },
        parse: parseReports,
        signal,
      });
      return acknowledged;
    },
  };
}

function enrolKey(options: UpdateServerOptions, api: DeviceApi, key: DeviceKey, way: EnrolWay): Promise<EnrolAnswer> {
  switch (way.by) {
    case 'claim-token':
      return enrolByClaim(options, api, key, way.claimToken);
    case 'registered-key':
      return enrolByKey(options, api, key);
    case 'certificate':
      return enrolByCertificate(options, key, way.certificate);
  }
}

function enrolByClaim({ product }: UpdateServerOptions, api: DeviceApi, key: DeviceKey, claimToken: string) {
  const body = { product, claimToken, publicKey: key.publicKey, proof: key.sign(enrolPayload(claimToken)) };
  return api.call({ path: 'enrol', body, parse: parseEnrolled });
}

async function enrolByKey({ product }: UpdateServerOptions, api: DeviceApi, key: DeviceKey) {
  const { nonce } = await api.call({ path: 'nonce', parse: parseNonce });
  const body = { product, publicKey: key.publicKey, nonce, proof: key.sign(enrolKeyPayload(nonce)) };
  return api.call({ path: 'enrol-key', body, parse: parseEnrolled });
}

/** Over a connection of its own: no other shows the certificate. */
async function enrolByCertificate(options: UpdateServerOptions, key: DeviceKey, pem: string) {
  if (!key.matches(readCertificate(pem))) {
    throw new AgentError('internal', 'the certificate is not for the key of this device: tidegate-agent key shows it');
  }
  const http = options.httpAs({ cert: pem, key: key.pem });
  try {
    const api = createDeviceApi(http, options.baseUrl, options.clock);
    return await api.call({ path: 'enrol-certificate', body: { product: options.product }, parse: parseEnrolled });
  } finally {
    http.close();
  }
}

function readCertificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new AgentError('internal', 'the certificate is not one in PEM', { cause });
  }
}
