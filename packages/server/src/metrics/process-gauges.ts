/**
 * The process itself: processor, memory, and how long its event loop lets others wait. Only what is cheap to ask: with
 * tens of thousands of connections, listing open files or handles would hold up the very requests that are measured.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, type Registry } from 'prom-client';

const SAMPLE_MS = 20;
const QUANTILES = { '0.5': 50, '0.99': 99, '1': 100 };

/** @returns what ends the measuring */
export function gaugeProcess(registry: Registry): () => void {
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  const startedAt = Date.now() / 1000 - process.uptime();
  gauge('process_start_time_seconds', 'Start, in seconds since 1970.', () => startedAt);
  gauge('process_resident_memory_bytes', 'Memory held.', () => process.memoryUsage.rss());
  gauge('nodejs_heap_size_used_bytes', 'JavaScript heap in use.', () => process.memoryUsage().heapUsed);
  countProcessorTime(registry);
  return gaugeLoopDelay(registry);
}

function countProcessorTime(registry: Registry): Counter {
  return new Counter({
    name: 'process_cpu_seconds_total',
    help: 'Processor time used.',
    registers: [registry],
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
}

function gaugeLoopDelay(registry: Registry): () => void {
  const delay = monitorEventLoopDelay({ resolution: SAMPLE_MS });
  delay.enable();
  const gauge = new Gauge({
    name: 'tidegate_event_loop_delay_seconds',
    help: 'How late the event loop came round since the last reading.',
    labelNames: ['quantile'],
    registers: [registry],
    collect: () => {
      for (const [quantile, percent] of Object.entries(QUANTILES)) {
        // What is measured is the time between two samples; without the pause that was asked for, it is the delay.
        gauge.set({ quantile }, Math.max(0, delay.percentile(percent) / 1e9 - SAMPLE_MS / 1000));
      }
      delay.reset();
    },
  });
  return () => void delay.disable();
}
