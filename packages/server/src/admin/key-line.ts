/**
 * One line of an upload of public keys, judged by itself, so that a broken one (a quote that is never closed, bytes that
 * are no text) costs no other. Pure; never throws.
 */
import { NAME_PATTERN } from '@tidegate/protocol';
import { parse } from 'csv-parse/sync';
import { KEY_KINDS, readDeviceKey } from '../identity/device-key.ts';
import type { KeyToRegister } from '../identity/registered-key-store.ts';

export interface LineFault {
  /** The column, or '' for the line as a whole. */
  readonly field: string;
  readonly detail: string;
}
export type LineResult = { readonly key: KeyToRegister } | { readonly fault: LineFault };

const COLUMNS = ['product', 'publicKey', 'label'] as const;
export type Column = (typeof COLUMNS)[number];

const LINE_BYTES_MAX = 2048;
const LABEL_CHARS_MAX = 100;
const productPattern = new RegExp(NAME_PATTERN);
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The columns in their order, or what is wrong with the heading. */
export function readHeading(line: Buffer): { readonly columns: readonly Column[] } | { readonly fault: string } {
  const names = readFields(line);
  if ('fault' in names) return { fault: names.fault.detail };
  const columns = COLUMNS.filter(name => names.fields.includes(name));
  if (columns.length !== names.fields.length || !columns.includes('product') || !columns.includes('publicKey')) {
    return { fault: 'it must name the columns product and publicKey, perhaps label, each once and no other' };
  }
  return { columns: names.fields as Column[] };
}

/** @param isProduct whether there is a product of that name */
export function readKeyLine(
  line: Buffer,
  columns: readonly Column[],
  isProduct: (name: string) => boolean,
): LineResult {
  const read = readFields(line);
  if ('fault' in read) return read;
  const { fields } = read;
  if (fields.length !== columns.length) {
    return fault('', `it has ${fields.length} fields, the heading names ${columns.length}`);
  }
  const field = (column: Column) => fields[columns.indexOf(column)] ?? '';
  const [product, label] = [field('product'), field('label')];
  if (!productPattern.test(product)) return fault('product', 'it is not the name of a product');
  if (!isProduct(product)) return fault('product', `there is no product ${product}`);
  const spki = fromBase64(field('publicKey'));
  if (!spki) return fault('publicKey', 'it is not base64');
  if (!readDeviceKey(spki)) return fault('publicKey', `it is not ${KEY_KINDS}`);
  if (label.length > LABEL_CHARS_MAX) return fault('label', `it is longer than ${LABEL_CHARS_MAX} characters`);
  if (/\p{Cc}/u.test(label)) return fault('label', 'it holds control characters');
  return { key: { product, publicKey: spki, label: label === '' ? null : label } };
}

function readFields(line: Buffer): { readonly fields: readonly string[] } | { readonly fault: LineFault } {
  if (line.length > LINE_BYTES_MAX) return fault('', `it is longer than ${LINE_BYTES_MAX} bytes`);
  try {
    const [fields = []] = parse(utf8.decode(line), { record_delimiter: '\n', relax_column_count: true });
    return { fields };
  } catch (error) {
    if (error instanceof TypeError) return fault('', 'it is not UTF-8');
    return fault('', 'its quotes do not fit: they stand around a whole field, and are doubled within');
  }
}

/** With or without padding, in either alphabet; one text for one value, so no stray bits. */
function fromBase64(text: string): Buffer | undefined {
  const plain = text
    .replaceAll('-', '+')
    .replaceAll('_', '/')
    .replace(/={1,2}$/, '');
  const bytes = Buffer.from(plain, 'base64');
  return plain !== '' && bytes.toString('base64').replace(/=+$/, '') === plain ? bytes : undefined;
}

function fault(field: string, detail: string): { readonly fault: LineFault } {
  return { fault: { field, detail } };
}
