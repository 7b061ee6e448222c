/** `tidegate-signer serve` with a clock that is ahead: `shifted-service.ts DAYS CONFIG`. */
import { processTerminal, runService } from '@tidegate/signer/service';

const [days = '', config = ''] = process.argv.slice(2);
await runService(config, {
  ...processTerminal(),
  now: () => new Date(Date.now() + Number(days) * 86_400_000),
});
