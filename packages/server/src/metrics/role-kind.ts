/** Published roles by what they are for. Their names carry products and channels: too many for labels. */
export const ROLE_KINDS = ['root', 'timestamp', 'snapshot', 'targets', 'channel', 'holds', 'other'] as const;
export type RoleKind = (typeof ROLE_KINDS)[number];

export function roleKind(role: string): RoleKind {
  if (role === 'root' || role === 'timestamp' || role === 'snapshot' || role === 'targets') return role;
  if (role.startsWith('p-')) return 'channel';
  return role.startsWith('h-') ? 'holds' : 'other';
}
