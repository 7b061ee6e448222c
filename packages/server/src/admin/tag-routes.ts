/**
 * `POST /device-tags`: operators tag and group devices, by name or by filter. `POST /device-tags/rows`: each in its
 * own way.
 */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { LIMITS, TagAnswer, TagRequest, TagRowsAnswer, TagRowsRequest } from '@tidegate/protocol';
import type { Deps } from '../deps.ts';
import { ServerError } from '../server-error.ts';
import { tagByFilter, tagByName, tagByRows } from './tag-store.ts';

export function tagRoutes({ db, clock, log }: Deps): FastifyPluginAsyncTypebox {
  return async app => {
    app.post(
      '/device-tags',
      {
        schema: {
          operationId: 'tagDevices',
          summary: 'Give devices tags or a group, or take tags from them',
          description:
            'Those named in `devices`, or those of `product` that `filter` means. By filter a request looks at 10,000 devices at most; where there are more, `next` is to be given back as `after`. May be asked again.',
          tags: ['fleet'],
          problems: ['filter-invalid'],
          body: TagRequest,
          response: { 200: TagAnswer },
        },
      },
      async request => {
        const { add = [], remove = [], group, devices, product, ...rest } = request.body;
        if (add.length + remove.length === 0 && group === undefined) {
          throw invalid('say which tags to add or to remove, or a group', '/add');
        }
        if (devices !== undefined && (product !== undefined || Object.keys(rest).length > 0)) {
          throw invalid('devices are named, or chosen by product and filter, not both', '/devices');
        }
        const change = { add, remove, group };
        const answer =
          devices === undefined
            ? await tagByFilter(db, { product: product ?? missingProduct(), ...rest }, change, clock.now())
            : await tagByName(db, devices, change);
        log.info({ operator: request.operator.id, ...change, ...answer }, 'devices were tagged');
        return answer;
      },
    );

    app.post(
      '/device-tags/rows',
      {
        bodyLimit: LIMITS.csvBytes,
        schema: {
          operationId: 'tagDevicesByRows',
          summary: 'Give each of these devices its own tags and group',
          description:
            'As the rows of a table say; all of them or, where one is faulty, none: the path names it. May be asked again.',
          tags: ['fleet'],
          body: TagRowsRequest,
          response: { 200: TagRowsAnswer },
        },
      },
      async request => {
        const { rows } = request.body;
        const changed = await tagByRows(db, rows);
        log.info({ operator: request.operator.id, rows: rows.length, changed }, 'devices were tagged by rows');
        return { changed };
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
