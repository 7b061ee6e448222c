/** `/docs`: Swagger UI for the document, to read only. Nothing on the page comes from elsewhere, no script but its own runs. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';

export const VIEWER_PATH = '/docs';

const POLICY = {
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self'",
  'img-src': "'self' data:",
  'connect-src': "'self'",
  'base-uri': "'none'",
  'form-action': "'none'",
  'frame-ancestors': "'none'",
};

/** The layout shows none. */
const NO_LOGO = { type: 'image/svg+xml', content: '' };
/** The page needs no token, so it must not ask for one. */
const WITHOUT_LOGIN = '.swagger-ui .scheme-container, .swagger-ui .authorization__btn { display: none; }';

export async function viewer(app: FastifyInstance): Promise<void> {
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({ 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer' });
    // The page asks for its document beside itself. There is one document, and it is in one place.
    const { url } = request.routeOptions;
    if (url === `${VIEWER_PATH}/json`) return reply.redirect('../openapi.json', 308);
    if (url === `${VIEWER_PATH}/yaml`) return reply.callNotFound();
  });
  await app.register(swaggerUi, {
    routePrefix: VIEWER_PATH,
    baseDir: filesOfPage(),
    logo: NO_LOGO,
    staticCSP: POLICY,
    theme: { title: 'Tidegate API', css: [{ filename: 'reader.css', content: WITHOUT_LOGIN }] },
    uiConfig: {
      layout: 'BaseLayout',
      docExpansion: 'list',
      defaultModelsExpandDepth: 0,
      displayOperationId: true,
      validatorUrl: null,
      // Nothing is sent from here.
      supportedSubmitMethods: [],
    },
  });
}

/** Beside the program where it is one file, else where the package is installed. */
function filesOfPage(): string {
  const beside = join(import.meta.dirname, 'viewer-files');
  return existsSync(beside) ? beside : fileURLToPath(new URL('static', import.meta.resolve('@fastify/swagger-ui')));
}
