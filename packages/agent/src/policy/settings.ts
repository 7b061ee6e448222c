/**
 * What the owner decided: the setup answer, automatic updates, their times, a postponement, a release to apply now.
 * Durable beside the trusted root, so that no update and no server word resets it (EN 303 645 5.3-6A).
 */
import { LANGUAGE_PATTERN, TargetPathText, Window } from '@tidegate/protocol';
import type { Static } from 'typebox';
import * as Type from '@tidegate/protocol/type';
import type { DurableFiles } from '../durable/durable-files.ts';
import { createStateFile } from '../durable/state-file.ts';

export const Settings = Type.Object({
  /** Absent until the setup question is answered: nothing installs before. */
  automatic: Type.Optional(Type.Boolean()),
  /** With automatic updates off: whether a release is brought in all the same, and waits for the owner here. */
  downloadFirst: Type.Optional(Type.Boolean()),
  /**
   * Whether a release that interrupts the device waits until somebody has seen its notice. Off unless the owner asks:
   * the answer "on" to automatic updates says that interruptions are accepted.
   */
  disruptiveAfterNotice: Type.Optional(Type.Boolean()),
  /** Whether this device asks to be among the first that get a release. Off unless the owner asks. */
  canary: Type.Optional(Type.Boolean()),
  /** When updates may install, in this device's own time; absent: at any time. */
  window: Type.Optional(Window),
  /** In which texts that the maker signed are told; English unless the owner asks. */
  language: Type.Optional(Type.String({ pattern: LANGUAGE_PATTERN })),
  postponedUntilMs: Type.Optional(Type.Integer({ minimum: 0 })),
  /** The one release that the owner asked for at once. */
  applyNow: Type.Optional(TargetPathText),
  /** The release whose notice some interface has shown. */
  noticed: Type.Optional(TargetPathText),
});
export type Settings = Static<typeof Settings>;

export interface SettingsStore {
  get(): Settings;
  /** Durable when it resolves. A field set to undefined is forgotten. */
  change(fields: { [K in keyof Settings]?: Settings[K] | undefined }): Promise<void>;
}

export async function openSettings(files: DurableFiles, path: string): Promise<SettingsStore> {
  const file = createStateFile({ files, path, format: 1, schema: Settings, copies: 2 });
  const loaded = await file.load();
  // Unreadable settings count as unanswered: better to ask again than to install against the owner's word.
  let settings: Settings = loaded.kind === 'value' ? loaded.value : {};
  return {
    get: () => settings,
    async change(fields) {
      const merged = Object.entries({ ...settings, ...fields }).filter(([, value]) => value !== undefined);
      const next = Object.fromEntries(merged) as Settings;
      if (JSON.stringify(next) === JSON.stringify(settings)) return;
      await file.save(next);
      settings = next;
    },
  };
}
