/**
 * Writes raw images into slots that are devices or files, straight as they come where nothing has to be unpacked, reads
 * them back from the disk, and notes what they should hold.
 */
import { join } from 'node:path';
import { Sha256 } from '@tidegate/protocol';
import * as Type from '@tidegate/protocol/type';
import type { DurableFiles } from '../../durable/durable-files.ts';
import { createStateFile } from '../../durable/state-file.ts';
import type { AcceptedTarget, SlotName } from '../../ports.ts';
import { withVerifiedSource } from '../verified-source.ts';
import type { SlotWriter } from './ab-installer.ts';
import { withImage } from './image-stream.ts';
import { openSlot, readBack, writeImage } from './slot-device.ts';
import { openSlotSink, Received, receivedOf } from './slot-sink.ts';

export interface ImageWriterDeps {
  readonly component: string;
  readonly slots: Readonly<Record<SlotName, string>>;
  readonly running: SlotName;
  readonly trustDir: string;
  readonly files: DurableFiles;
}

/** What was written into a slot, uncompressed. */
const ImageRecord = Type.Object({ bytes: Type.Integer({ minimum: 0 }), sha256: Sha256 });

export function imageWriter({ component, slots, running, trustDir, files }: ImageWriterDeps): SlotWriter {
  const imageOf = (slot: SlotName) =>
    createStateFile({
      files,
      path: join(trustDir, `image-${component}-${slot}.json`),
      format: 1,
      schema: ImageRecord,
    });
  const writeSlot = async (slot: SlotName, artifact: string, target: AcceptedTarget, signal: AbortSignal) => {
    const device = await openSlot(slots[slot], slots[running]);
    try {
      return await withVerifiedSource(artifact, target, bytes =>
        withImage(bytes, target.firmware.format, image => writeImage(device, image, signal)),
      );
    } finally {
      await device.handle.close();
    }
  };
  const noteOf = (slot: SlotName) =>
    createStateFile({
      files,
      path: join(trustDir, `received-${component}-${slot}.json`),
      format: 1,
      schema: Received,
    });
  const forget = (slot: SlotName) => files.remove(join(trustDir, `received-${component}-${slot}.json`));
  return {
    intake: {
      // A decompressor cannot be taken up in the middle: what is compressed comes into a file first.
      takes: ({ firmware }) => firmware.format === 'image',
      isWhole: async (slot, { sha256, lengthBytes }) => (await receivedOf(noteOf(slot), sha256)) === lengthBytes,
      async open(slot, target) {
        const device = await openSlot(slots[slot], slots[running]);
        try {
          return await openSlotSink({ path: slots[slot], device, note: noteOf(slot) }, target);
        } catch (error) {
          await device.handle.close();
          throw error;
        }
      },
      forget,
    },
    async write(slot, artifact, target, signal) {
      const { lengthBytes: bytes, sha256 } = target;
      // Taken in already: what the disk holds of it is compared with what was signed.
      if (artifact === slots[slot]) return imageOf(slot).save({ bytes, sha256 });
      await forget(slot);
      await imageOf(slot).save(await writeSlot(slot, artifact, target, signal));
    },
    async image(slot) {
      const image = await imageOf(slot).load();
      if (image.kind !== 'value') return undefined;
      const { bytes, sha256 } = image.value;
      return { path: slots[slot], lengthBytes: bytes, sha256 };
    },
    async fault(slot) {
      const image = await imageOf(slot).load();
      if (image.kind !== 'value') return 'nothing says what it should hold';
      const found = await readBack(slots[slot], image.value.bytes);
      return found.sha256 === image.value.sha256 ? undefined : 'it does not hold what was written';
    },
  };
}
