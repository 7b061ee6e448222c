// The software of the guides' device: a small service that answers /health on the port that the device's config gives it.
import { createServer } from 'node:http';

const VERSION = '1.0.0';

createServer((request, answer) => {
  answer.writeHead(request.url === '/health' ? 200 : 404);
  answer.end(`gateway ${VERSION}\n`);
}).listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
