export * from './chunk-index.ts';
export * from './chunker.ts';
export * from './gear.ts';
export * from './patch-head.ts';
