/**
 * `tidegate-signer serve`, which a signal ends or halts at a place: `killed-service.ts SIGNAL PLACE CONFIG`. It lives
 * until SIGUSR2 arms it, so that it can first finish what one that was killed before it left behind.
 */
import { processTerminal, runService } from '@tidegate/signer/service';

const [signal, place, config = ''] = process.argv.slice(2);
let armed = false;
process.on('SIGUSR2', () => (armed = true));
await runService(config, processTerminal(), name => {
  if (!armed || name !== place) return;
  armed = false;
  process.kill(process.pid, signal);
});
