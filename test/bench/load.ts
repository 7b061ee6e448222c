/** A bounded load of POST requests over kept connections: counts answers, fails at the first that is not 200. */
import { Agent, request } from 'node:http';

export interface Load {
  readonly url: string;
  /** Bodies and headers, taken in turn. */
  readonly requests: readonly { readonly body: string; readonly headers: Record<string, string> }[];
  readonly connections: number;
  readonly seconds: number;
}

/** Resolves with the number of answers. */
export async function runLoad(load: Load): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: load.connections });
  const end = performance.now() + load.seconds * 1000;
  const counter = { next: 0, answered: 0 };
  const worker = async () => {
    while (performance.now() < end) {
      const one = load.requests[counter.next++ % load.requests.length];
      if (!one) throw new Error('no requests to send');
      await post(agent, load.url, one.body, one.headers);
      counter.answered++;
    }
  };
  try {
    await Promise.all(Array.from({ length: load.connections }, worker));
  } finally {
    agent.destroy();
  }
  return counter.answered;
}

/** Sends each request once. */
export async function sendEach({ url, requests, connections }: Omit<Load, 'seconds'>): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const rest = requests[Symbol.iterator]();
  const worker = async () => {
    for (const one of rest) await post(agent, url, one.body, one.headers);
  };
  try {
    await Promise.all(Array.from({ length: connections }, worker));
  } finally {
    agent.destroy();
  }
}

function post(agent: Agent, url: string, body: string, headers: Record<string, string>): Promise<void> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      {
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers },
      },
      response => {
        response.resume();
        response.once('end', () => {
          if (response.statusCode === 200) resolve();
          else reject(new Error(`${url} answered ${response.statusCode}`));
        });
        response.once('error', reject);
      },
    );
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}
