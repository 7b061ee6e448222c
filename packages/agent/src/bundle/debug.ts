/** Stands in for the package `debug` in the bundle: Node's own does the same, switched on by NODE_DEBUG. */
export { debuglog as default } from 'node:util';
