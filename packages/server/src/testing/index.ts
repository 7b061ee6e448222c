export * from './fresh-database.ts';
export * from './seed.ts';
