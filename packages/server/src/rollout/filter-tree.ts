/**
 * A filter's text (RSQL) as a checked tree: what `filter.ts` runs in memory and `filter-sql.ts` in the database, so that
 * a list of devices and a rollout mean the same by the same words. Every fault of a filter is found here.
 */
import type { ComparisonNode, ExpressionNode } from '@rsql/ast';
import { parse } from '@rsql/parser';
import { LIMITS } from '@tidegate/protocol';
import { storable } from '../db/storable.ts';
import { ServerError } from '../server-error.ts';
import { type Moment, parseMoment } from './filter-time.ts';

export type FilterNode =
  | { readonly kind: 'and' | 'or'; readonly left: FilterNode; readonly right: FilterNode }
  | { readonly kind: 'comparison'; readonly fact: Fact; readonly test: FilterTest }
  /** Of a device's tags, which may be many or none: one of them passes or, negated, none of them does. */
  | { readonly kind: 'tag'; readonly test: TagTest }
  /** Of the device's last check-in; one that never came passes none. */
  | { readonly kind: 'lastCheckIn'; readonly operator: Order; readonly bound: Moment };

/**
 * Facts with a name of their own; any other name is one of the device's attributes. `version` and `counter` are a
 * component's.
 */
const FACT_NAMES = ['id', 'hardware', 'channel', 'version', 'counter', 'canary', 'group'] as const;
export type FactName = (typeof FACT_NAMES)[number];
export type Fact = { readonly name: FactName } | { readonly attribute: string };

/** What is asked of the fact's text. A fact that the device lacks passes no test, a negated one included. */
export type FilterTest =
  | {
      readonly kind: 'equals' | 'startsWith' | 'endsWith' | 'contains';
      readonly text: string;
      readonly negated: boolean;
    }
  | { readonly kind: 'among'; readonly texts: readonly string[]; readonly negated: boolean }
  /** Numbers are compared; a text that is none passes no such test. */
  | { readonly kind: 'order'; readonly operator: Order; readonly bound: number };
export type TagTest = Exclude<FilterTest, { kind: 'order' }>;
export type Order = '<' | '<=' | '>' | '>=';

/** The texts that count as numbers. Written for JavaScript and PostgreSQL alike. */
export const NUMBER_PATTERN = '^-?[0-9]{1,15}(\\.[0-9]{1,15})?$';

/** More of them read as a list of devices: those are better given a tag. Each costs something at every check-in. */
const COMPARISONS_MAX = 100;
const TEXTS_PER_LIST_MAX = 200;

/** Whom a rollout is for: those that pass the filter, but for those that pass the other one. Null: all; nobody. */
export interface Choice {
  readonly filter: string | null;
  readonly exclude: string | null;
}

/**
 * @param path of the field that holds it
 * @throws ServerError `filter-invalid` with that path, and the position in characters from 1
 */
export function parseFilter(text: string, path = '/filter'): FilterNode {
  try {
    return checkedTree(text);
  } catch (error) {
    if (!(error instanceof FilterFault)) throw error;
    throw new ServerError('filter-invalid', error.message, { path, cause: error.cause });
  }
}

/** Within this file. */
class FilterFault extends Error {}

function checkedTree(text: string): FilterNode {
  if (text.length > LIMITS.filterChars) throw invalid(`it is longer than ${LIMITS.filterChars} characters`);
  if (storable(text) !== text) throw invalid('it holds a character that no device can have');
  let tree: ExpressionNode;
  try {
    tree = parse(text);
  } catch (error) {
    throw invalid(parserFault(text, (error as Error).message), error);
  }
  const comparisons = countComparisons(tree);
  if (comparisons > COMPARISONS_MAX) {
    throw invalid(`it has ${comparisons} comparisons, ${COMPARISONS_MAX} are the most: give the devices a tag instead`);
  }
  return checkNode(tree);
}

function countComparisons(node: ExpressionNode): number {
  return node.type === 'COMPARISON' ? 1 : countComparisons(node.left) + countComparisons(node.right);
}

/** The parser tells a fault's position only within its message, around a copy of the text: cut that out first. */
function parserFault(text: string, message: string): string {
  const [before = '', after = ''] = splitOnce(message, ` in "${text}"`);
  const position = /position (\d+)$/.exec(before)?.[1] ?? String(text.length + 1);
  const what = before.replace(/ at position \d+$/, '');
  const hint = /^\. (Did you forget.*\?)$/.exec(after)?.[1];
  return `${what} at position ${position}${hint === undefined ? '' : `; ${hint}`}`;
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.lastIndexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}

function invalid(detail: string, cause?: unknown): FilterFault {
  return new FilterFault(detail, { cause });
}

function checkNode(node: ExpressionNode): FilterNode {
  if (node.type === 'COMPARISON') return checkComparison(node);
  const kind = node.operator === ';' || node.operator === 'and' ? 'and' : 'or';
  return { kind, left: checkNode(node.left), right: checkNode(node.right) };
}

const TAG = 'tag';
const LAST_CHECK_IN = 'lastCheckIn';

function checkComparison(node: ComparisonNode): FilterNode {
  if (node.left.selector === TAG) {
    const tagTest = checkTest(node.operator, node.right.value);
    if (tagTest.kind === 'order') throw invalid('tags are names: they have no order');
    return { kind: 'tag', test: tagTest };
  }
  if (node.left.selector === LAST_CHECK_IN) return checkTime(node.operator, node.right.value);
  return {
    kind: 'comparison',
    fact: checkFact(node.left.selector),
    test: checkTest(node.operator, node.right.value),
  };
}

const ATTRIBUTE = /^[a-z][a-zA-Z0-9_]{0,31}$/;

function checkFact(selector: string): Fact {
  const name = FACT_NAMES.find(n => n === selector);
  if (name !== undefined) return { name };
  if (!ATTRIBUTE.test(selector)) throw invalid(`«${selector}» is no name of a fact or an attribute`);
  return { attribute: selector };
}

function checkTest(operator: string, value: string | string[]): FilterTest {
  if (operator === '=in=' || operator === '=out=') {
    const texts = Array.isArray(value) ? value : [value];
    if (texts.length > TEXTS_PER_LIST_MAX) {
      throw invalid(
        `a list has ${texts.length} values, ${TEXTS_PER_LIST_MAX} are the most: give the devices a tag instead`,
      );
    }
    return { kind: 'among', texts, negated: operator === '=out=' };
  }
  if (Array.isArray(value)) throw invalid(`«${operator}» takes one value, not a list`);
  if (operator === '==' || operator === '!=') return checkPattern(value, operator === '!=');
  return checkOrder(value, operator, orderOf(operator));
}

function orderOf(operator: string): Order {
  const order = ORDERS[operator];
  if (order === undefined) throw invalid(`«${operator}» is no known comparison`);
  return order;
}

const ORDERS: Readonly<Record<string, Order>> = {
  '<': '<',
  '=lt=': '<',
  '<=': '<=',
  '=le=': '<=',
  '>': '>',
  '=gt=': '>',
  '>=': '>=',
  '=ge=': '>=',
};

function checkTime(operator: string, value: string | string[]): FilterNode {
  if (operator === '==' || operator === '!=' || Array.isArray(value)) {
    throw invalid(`«${LAST_CHECK_IN}» is a time: compare it by <, <=, > or >=`);
  }
  const bound = parseMoment(value);
  if (!bound) {
    throw invalid(
      `«${value}» is no time: write 2026-11-01, 2026-11-01T08:00:00Z, or a span back from now such as -P7D`,
    );
  }
  return { kind: LAST_CHECK_IN, operator: orderOf(operator), bound };
}

/** `*` at the start or the end stands for any text. No pattern in between: matching stays linear. */
function checkPattern(value: string, negated: boolean): FilterTest {
  const open = value.startsWith('*');
  const close = value.length > 1 && value.endsWith('*');
  const text = value.slice(open ? 1 : 0, close ? -1 : undefined);
  if (text.includes('*')) throw invalid('«*» may stand only at the start or the end of a value');
  const kind = open ? (close ? 'contains' : 'endsWith') : close ? 'startsWith' : 'equals';
  return { kind, text, negated };
}

const NUMBER = new RegExp(NUMBER_PATTERN);

function checkOrder(value: string, written: string, operator: Order): FilterTest {
  if (!NUMBER.test(value)) throw invalid(`«${written}» needs a number, not «${value}»`);
  return { kind: 'order', operator, bound: Number(value) };
}
