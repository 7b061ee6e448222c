export * from './database-link.ts';
export * from './fresh-database.ts';
export * from './job-stores.ts';
export * from './seed.ts';
export * from './test-app.ts';
export * from './test-certificate.ts';
export { startRedis } from './redis-setup.ts';
export { IMAGES } from './container.ts';
export * from './documented.ts';
