/** The fleet as this process sees it: from memory, never asking the database. */
import { Gauge, type Registry } from 'prom-client';
import type { EventStreams } from '../events/event-streams.ts';
import type { FleetPace } from '../fleet/fleet-pace.ts';

export interface FleetGaugesDeps {
  readonly pace: Pick<FleetPace, 'intervalSeconds' | 'size'>;
  readonly events: Pick<EventStreams, 'size'>;
}

export function gaugeFleet(registry: Registry, { pace, events }: FleetGaugesDeps): void {
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  gauge(
    'tidegate_devices_known',
    'Devices enrolled and not revoked; counted about once a minute.',
    () => pace.size().known,
  );
  gauge(
    'tidegate_devices_active',
    'Devices heard of within twice the longest poll interval; counted about once a minute.',
    () => pace.size().active,
  );
  gauge(
    'tidegate_poll_interval_seconds',
    'Mean time between two check-ins that a device at rest is told.',
    pace.intervalSeconds,
  );
  gauge('tidegate_event_streams', 'Event streams that devices hold open with this process.', events.size);
}
