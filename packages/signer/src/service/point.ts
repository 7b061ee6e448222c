/** Names of places in the work at which a process could be killed. The service itself does nothing there. */
export type Point = (name: string) => void;
