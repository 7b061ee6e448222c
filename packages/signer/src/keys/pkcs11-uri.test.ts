import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SignerError } from '../signer-error.ts';
import { parseKeys, parseTokens } from './pkcs11-tool.ts';
import { parsePkcs11Uri } from './pkcs11-uri.ts';

const refused = (code: string) => expect.objectContaining({ code });

test('reads what RFC 7512 gives as examples, with our module and PIN file', () => {
  expect(
    parsePkcs11Uri(
      'token=The%20Software%20PKCS%2311%20Softtoken;object=my-certificate;id=%69%95%3E%5C%F4;type=private',
    ),
  ).toMatchObject({
    token: { token: 'The Software PKCS#11 Softtoken' },
    object: 'my-certificate',
    idHex: '69953e5cf4',
  });
  expect(parsePkcs11Uri('object=fw?pin-source=file:/etc/pin&module-path=/usr/lib/x.so')).toMatchObject({
    pinFile: '/etc/pin',
    modulePath: '/usr/lib/x.so',
  });
  expect(parsePkcs11Uri('object=fw?pin-source=file:///etc/pin').pinFile).toBe('/etc/pin');
});

test.each([
  'token=dev',
  'object=a;object=b',
  'object=a;library-hidden=x',
  'object=a?pin-value=1234',
  'object=a?pin-source=|/usr/bin/pin',
  'object=a?pin-source=pin.txt',
  'object=a?module-path=softhsm.so',
  'object=a?module-name=p11-kit',
  'id=%4',
  'id=',
  'object=%00',
  'object=a;type=cert',
])('%s is refused', rest => {
  expect(() => parsePkcs11Uri(rest)).toThrow(refused('key-uri-invalid'));
});

test('any text is read or refused, never a crash', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.stringMatching(/^[a-z-]*=[%0-9a-z]*(;[a-z]*=%[0-9a-f]*)?\?[a-z-]*=.*$/)),
      rest => {
        try {
          const { object, idHex } = parsePkcs11Uri(rest);
          expect(object ?? idHex).toBeDefined();
        } catch (error) {
          expect(error).toBeInstanceOf(SignerError);
        }
      },
    ),
  );
});

test('an id’s bytes survive the URI, whichever they are', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 32 }), id => {
      const hex = Buffer.from(id).toString('hex');
      expect(parsePkcs11Uri(`id=${hex.replace(/../g, '%$&')}`).idHex).toBe(hex);
    }),
  );
});

test('a token’s flags are read, and its label cannot make up others', () => {
  const text = [
    'Available slots:',
    'Slot 0 (0x0): Reader 00 00',
    '  token label        : alice',
    '  token manufacturer : Maker',
    '  token model        : M1',
    '  token flags        : login required, token initialized, PIN initialized, final user PIN try',
    '  serial num         : 42',
    'Slot 1 (0x1f): Reader 01 00',
    '  token label        : evil',
    '  token flags        : token initialized, user PIN locked',
    '  token flags        : token initialized',
    '',
  ].join('\n');
  expect(parseTokens(text)).toMatchObject([
    { slot: '0x0', token: 'alice', serial: '42', flags: expect.arrayContaining(['final user PIN try']) as string[] },
    { slot: '0x1f', flags: ['token initialized', 'user PIN locked'] },
  ]);
});

test('keys without label or id are listed as such', () => {
  const text = 'Public Key Object; EC  EC_POINT 256 bits\n  ID:         0A\nPrivate Key Object; EC\n  label:      x\n';
  expect(parseKeys(text)).toEqual([{ label: '', idHex: '0a' }]);
});
