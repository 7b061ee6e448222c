/** `pkcs11:…` (RFC 7512): a key on a token, reached by OpenSC's `pkcs11-tool`. The key never leaves the token. */
import { createPublicKey, hash } from 'node:crypto';
import { SignerError } from '../signer-error.ts';
import { readBounded } from '../store/durable-file.ts';
import { tufKeyOf } from '../tuf/key.ts';
import { PASSED_ON } from './child.ts';
import type { KeyAccess, OpenKey } from './custody.ts';
import { publicKeys, readPublicKey, sign, type Token, type TokenKey, tokens, type Tool } from './pkcs11-tool.ts';
import { parsePkcs11Uri, type Pkcs11Uri } from './pkcs11-uri.ts';

const MODULE_VARIABLE = 'TIDEGATE_PKCS11_MODULE';
const PIN_FILE_BYTES = 256;
/** `pkcs11-tool` hands a token longer messages in parts, which Ed25519 does not know. */
const EDDSA_BYTES = 1024;

export const openPkcs11Key: OpenKey = async (rest, access) => {
  const uri = parsePkcs11Uri(rest);
  const tool = toolFor(uri, access);
  const token = await theToken(tool, uri);
  const found = await theKey(tool, token, uri);
  const login = token.flags.includes('login required');
  let pin = login && !token.flags.includes('PIN pad present') ? await pinFor(uri, token, access) : undefined;
  return {
    custody: 'pkcs11',
    publicKey: async () => tufKeyOf(spkiOf(await readPublicKey(tool, token, found))),
    sign: async (bytes, { keytype }) => {
      if (keytype === 'ed25519' && bytes.length > EDDSA_BYTES) {
        throw new SignerError(
          'payload-too-large',
          `pkcs11-tool signs at most ${EDDSA_BYTES} bytes with Ed25519, and the list has ${bytes.length}. Use a P-256 key.`,
        );
      }
      const wanted =
        keytype === 'ed25519'
          ? ({ mechanism: 'EDDSA', input: bytes } as const)
          : ({ mechanism: 'ECDSA', input: hash('sha256', bytes, 'buffer') } as const);
      return sign(tool, token, found, { ...wanted, login, pin }).catch(async (error: unknown) => {
        throw await withTriesLeft(error, tool, uri);
      });
    },
    close: () => {
      pin = undefined;
    },
  };
};

/** Modules read settings of their own from the environment; nothing else is passed on. */
const MODULE_SETTINGS = ['SOFTHSM2_CONF', 'OPENSC_CONF', 'YUBIHSM_PKCS11_CONF', 'P11_KIT_SERVER_ADDRESS'];

function toolFor({ modulePath, envNames }: Pkcs11Uri, { env }: KeyAccess): Tool {
  const path = modulePath ?? env[MODULE_VARIABLE];
  if (path === undefined || path === '') {
    throw new SignerError(
      'key-uri-invalid',
      `Say which module drives the token: ?module-path=…, or ${MODULE_VARIABLE}.`,
    );
  }
  const names = [...PASSED_ON, ...MODULE_SETTINGS, ...envNames];
  return { modulePath: path, env: Object.fromEntries(names.map(name => [name, env[name]])) };
}

async function theToken(tool: Tool, { token: wanted }: Pkcs11Uri): Promise<Token> {
  const fitting = (await tokens(tool)).filter(
    t =>
      (wanted.token ?? t.token) === t.token &&
      (wanted.manufacturer ?? t.manufacturer) === t.manufacturer &&
      (wanted.model ?? t.model) === t.model &&
      (wanted.serial ?? t.serial) === t.serial &&
      t.flags.includes('token initialized'),
  );
  const [token, second] = fitting;
  if (!token) throw new SignerError('token-missing', 'No token fits the URI. Is it plugged in?');
  if (second) {
    const serials = fitting.map(t => `${t.token} ${t.serial}`).join(', ');
    throw new SignerError('key-ambiguous', `The URI fits ${fitting.length} tokens (${serials}); add serial= to it.`);
  }
  if (token.flags.includes('user PIN locked')) {
    throw new SignerError('pin-locked', `The PIN of token ${token.token} is locked; unlock it with the SO PIN.`);
  }
  if (token.flags.includes('final user PIN try')) {
    throw new SignerError(
      'pin-locked',
      `One more wrong PIN locks token ${token.token}, so it is not tried from here: log in once by "pkcs11-tool --login --list-objects".`,
    );
  }
  return token;
}

async function theKey(tool: Tool, token: Token, { object, idHex }: Pkcs11Uri): Promise<TokenKey> {
  const fitting = (await publicKeys(tool, token)).filter(
    k => (object ?? k.label) === k.label && (idHex ?? k.idHex) === k.idHex,
  );
  const [key, second] = fitting;
  if (!key) throw new SignerError('key-not-found', `Token ${token.token} shows no public key that fits the URI.`);
  if (second) {
    throw new SignerError(
      'key-ambiguous',
      `The URI fits ${fitting.length} keys on token ${token.token}; add id= to it.`,
    );
  }
  if (key.idHex === '') throw new SignerError('key-not-found', `Key ${key.label} has no id on the token; give it one.`);
  return key;
}

async function pinFor({ pinFile }: Pkcs11Uri, token: Token, { secret }: KeyAccess): Promise<string> {
  if (pinFile === undefined) return oneLine(await secret({ kind: 'pin', of: `token ${token.token}` }));
  const bytes = await readBounded(pinFile, PIN_FILE_BYTES);
  if (!bytes) throw new SignerError('pin-missing', `There is no PIN file ${pinFile}.`);
  const pin = bytes.toString('utf8').replace(/\r?\n$/, '');
  bytes.fill(0);
  return oneLine(pin);
}

function oneLine(pin: string): string {
  if (pin !== '' && !/[\r\n\0]/.test(pin)) return pin;
  throw new SignerError('pin-missing', 'A PIN is one line.');
}

async function withTriesLeft(error: unknown, tool: Tool, { token: wanted }: Pkcs11Uri): Promise<unknown> {
  if (!(error instanceof SignerError) || error.code !== 'pin-wrong') return error;
  const token = (await tokens(tool)).find(t => (wanted.token ?? t.token) === t.token);
  const left = ['user PIN locked', 'final user PIN try', 'user PIN count low'].find(f => token?.flags.includes(f));
  return left === undefined
    ? error
    : new SignerError('pin-wrong', `${error.message} The token says: ${left}. Do not try again blindly.`, {
        cause: error,
      });
}

/** The tool writes DER or PEM, by the kind of key. */
function spkiOf(bytes: Buffer): Buffer {
  if (!bytes.toString('latin1').startsWith('-----BEGIN')) return bytes;
  return createPublicKey(bytes).export({ format: 'der', type: 'spki' });
}
