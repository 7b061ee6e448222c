/**
 * Which lists a token may submit: rules that name an issuer, claims, and one product's channel or its holds. Pure.
 * Everyone on a public CI can get a token for any audience, so each rule must name the project in full.
 */
import { channelRole, closed, holdRole, Name } from '@tidegate/protocol';
import { type Static, Type } from 'typebox';

const Claim = Type.String({ minLength: 1, maxLength: 512 });

export const Rule = closed({
  issuer: Type.String({ minLength: 1, maxLength: 512 }),
  /** All must fit. `*` in a value stands for any characters; a list means any one of its values. */
  claims: Type.Record(
    Type.String({ pattern: '^[A-Za-z][A-Za-z0-9_./:-]{0,127}$' }),
    Type.Union([Claim, Type.Array(Claim, { minItems: 1, maxItems: 32 })], {
      description: 'a text, or a list of texts',
    }),
    { minProperties: 1, maxProperties: 32 },
  ),
  product: Name,
  /** Either a channel, */
  channel: Type.Optional(Name),
  /** or the product's holds. */
  holds: Type.Optional(Type.Literal(true)),
});
export type Rule = Static<typeof Rule>;

export type Claims = Readonly<Record<string, unknown>>;

/** Claims that say by themselves whose build it is, at GitHub and at GitLab. */
const PROJECT_CLAIMS = ['repository', 'repository_id', 'project_path', 'project_id', 'sub'];

/** The roles that a token with these claims may submit to. */
export function rolesFor(rules: readonly Rule[], issuer: string, claims: Claims): string[] {
  const fitting = rules.filter(
    rule => rule.issuer === issuer && Object.entries(rule.claims).every(([name, wanted]) => fits(claims, name, wanted)),
  );
  return [...new Set(fitting.map(roleOf))];
}

function roleOf({ product, channel }: Rule): string {
  return channel === undefined ? holdRole(product) : channelRole(product, channel);
}

/** What is wrong with a rule beyond its form; undefined where nothing is. */
export function faultOf(rule: Rule): string | undefined {
  if ((rule.channel === undefined) === (rule.holds === undefined)) return 'must give a channel, or holds: true';
  const named = PROJECT_CLAIMS.some(name => {
    const wanted = Object.hasOwn(rule.claims, name) ? rule.claims[name] : undefined;
    return wanted !== undefined && [wanted].flat().every(value => !value.includes('*'));
  });
  return named
    ? undefined
    : `names no project in full: one of ${PROJECT_CLAIMS.join(', ')} must be there, without *; else any project of the issuer could submit`;
}

function fits(claims: Claims, name: string, wanted: string | readonly string[]): boolean {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
  // GitLab writes `ref_protected` as text, others as a boolean: both are `true` here. Lists and objects fit nothing.
  if (typeof value !== 'string' && typeof value !== 'boolean' && typeof value !== 'number') return false;
  return [wanted].flat().some(pattern => matches(String(value), pattern));
}

/** Linear in the text's length: each part between stars is looked for once, from left to right. */
function matches(text: string, pattern: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return text === pattern;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}
