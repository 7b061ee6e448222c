/** `POST /device-tags`: operators group devices, by name or by filter. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { TagAnswer, TagRequest } from '@tidegate/protocol';
import type { Deps } from '../deps.ts';
import { ServerError } from '../server-error.ts';
import { tagByFilter, tagByName } from './tag-store.ts';

export function tagRoutes({ db, clock, log }: Deps): FastifyPluginAsyncTypebox {
  return async app => {
    app.post(
      '/device-tags',
      {
        schema: {
          operationId: 'tagDevices',
          summary: 'Give devices tags, or take tags from them',
          description:
            'Those named in `devices`, or those of `product` that `filter` means. By filter a request looks at 10,000 devices at most; where there are more, `next` is to be given back as `after`. May be asked again.',
          tags: ['fleet'],
          problems: ['filter-invalid'],
          body: TagRequest,
          response: { 200: TagAnswer },
        },
      },
      async request => {
        const { add = [], remove = [], devices, product, ...rest } = request.body;
        if (add.length + remove.length === 0) throw invalid('say which tags to add or to remove', '/add');
        if (devices !== undefined && (product !== undefined || Object.keys(rest).length > 0)) {
          throw invalid('devices are named, or chosen by product and filter, not both', '/devices');
        }
        const change = { add, remove };
        const answer =
          devices === undefined
            ? await tagByFilter(db, { product: product ?? missingProduct(), ...rest }, change, clock.now())
            : await tagByName(db, devices, change);
        log.info({ operator: request.operator.id, ...change, ...answer }, 'devices were tagged');
        return answer;
      },
    );
  };
}

function missingProduct(): never {
  throw invalid('name the devices, or the product whose devices are meant', '/product');
}

function invalid(detail: string, path: string): ServerError {
  return new ServerError('invalid-input', detail, { path });
}
