/**
 * The same filter as an SQL condition on the table `devices`, for lists: it finds exactly the devices that `filter.ts`
 * lets pass. Every text and number is a parameter. A missing fact is null, and null passes no comparison.
 */
import { type RawBuilder, type SqlBool, sql } from 'kysely';
import { ServerError } from '../server-error.ts';
import { momentMs } from './filter-time.ts';
import {
  type Choice,
  type Fact,
  type FilterNode,
  type FilterTest,
  NUMBER_PATTERN,
  type Order,
  parseFilter,
  type TagTest,
} from './filter-tree.ts';

/**
 * @throws ServerError `filter-invalid`, path `/filter`; also where the filter asks for them and no component is given
 */
export function filterCondition(text: string, context: FilterContext): RawBuilder<SqlBool> {
  return condition(parseFilter(text), context);
}

/** @throws ServerError `filter-invalid`, path `/filter` or `/exclude` */
export function choiceCondition({ filter, exclude }: Choice, context: FilterContext): RawBuilder<SqlBool> {
  const isMeant = filter === null ? sql<SqlBool>`true` : filterCondition(filter, context);
  if (exclude === null) return isMeant;
  return sql`(${isMeant} and ${condition(parseFilter(exclude, '/exclude'), context)} is not true)`;
}

export interface FilterContext {
  /** Whose `version` and `counter` are meant. */
  readonly component: string | undefined;
  /** From which spans are counted back. */
  readonly now: Date;
}

function condition(node: FilterNode, context: FilterContext): RawBuilder<SqlBool> {
  if (node.kind === 'comparison') return test(factText(node.fact, context.component), node.test);
  if (node.kind === 'tag') return tagged(node.test);
  if (node.kind === 'lastCheckIn') {
    const bound = new Date(momentMs(node.bound, context.now));
    return sql`(devices.last_seen_at ${ORDERS[node.operator]} ${bound}::timestamptz)`;
  }
  const [left, right] = [condition(node.left, context), condition(node.right, context)];
  return node.kind === 'and' ? sql`(${left} and ${right})` : sql`(${left} or ${right})`;
}

type Text = RawBuilder<string | null>;

function factText(fact: Fact, component: string | undefined): Text {
  if ('attribute' in fact) return sql`(devices.attributes ->> ${fact.attribute}::text)`;
  if (fact.name === 'canary') return sql`devices.canary::text`;
  if (fact.name === 'group') return sql`devices.group_name`;
  if (fact.name !== 'version' && fact.name !== 'counter') return sql.ref(`devices.${fact.name}`);
  if (component === undefined) {
    const detail = `«${fact.name}» is that of a component: say which, as in component=app`;
    throw new ServerError('filter-invalid', detail, { path: '/filter' });
  }
  return sql`(select part ->> ${fact.name}::text from jsonb_array_elements(devices.components)
    with ordinality as parts (part, place) where part ->> 'component' = ${component} order by place limit 1)`;
}

function test(actual: Text, asked: FilterTest): RawBuilder<SqlBool> {
  if (asked.kind === 'order') return ordered(actual, asked.operator, asked.bound);
  const positive = matching(actual, asked);
  return asked.negated ? sql`(not ${positive})` : positive;
}

/** The two that are asked most can use the index over tags. */
function tagged(asked: TagTest): RawBuilder<SqlBool> {
  const positive =
    asked.kind === 'equals'
      ? sql<SqlBool>`(devices.tags @> array[${asked.text}]::text[])`
      : asked.kind === 'among'
        ? sql<SqlBool>`(devices.tags && ${asked.texts}::text[])`
        : sql<SqlBool>`exists (select 1 from unnest(devices.tags) as tags (tag) where ${matching(sql`tags.tag`, asked)})`;
  return asked.negated ? sql`(not ${positive})` : positive;
}

function matching(actual: Text, asked: TagTest): RawBuilder<SqlBool> {
  switch (asked.kind) {
    case 'equals':
      return sql`(${actual} = ${asked.text}::text)`;
    case 'startsWith':
      return sql`starts_with(${actual}, ${asked.text}::text)`;
    case 'endsWith':
      return sql`(right(${actual}, char_length(${asked.text}::text)) = ${asked.text}::text)`;
    case 'contains':
      return sql`(strpos(${actual}, ${asked.text}::text) > 0)`;
    case 'among':
      return sql`(${actual} = any(${asked.texts}::text[]))`;
  }
}

const ORDERS: Readonly<Record<Order, RawBuilder<unknown>>> = {
  '<': sql`<`,
  '<=': sql`<=`,
  '>': sql`>`,
  '>=': sql`>=`,
};

/** `case` keeps PostgreSQL from reading a text as a number before it is known to be one. */
function ordered(actual: Text, operator: Order, bound: number): RawBuilder<SqlBool> {
  return sql`(case when ${actual} ~ ${NUMBER_PATTERN}::text
    then ${actual}::float8 ${ORDERS[operator]} ${bound}::float8 else false end)`;
}
