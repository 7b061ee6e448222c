/** The installer of a component, as the config has it, with the defaults of each kind. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type {
  AbImageComponent,
  ComponentConfig,
  DirectoryComponent,
  RaucComponent,
  ScriptComponent,
  SwupdateComponent,
} from '../component-config.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import type { Log } from '../log.ts';
import type { Installer } from '../ports.ts';
import type { CheckSettings } from '../service/check.ts';
import { createService } from '../service/service.ts';
import type { HealthSettings } from '../service/health.ts';
import { type AbImageInstallerDeps, openAbImageInstaller } from './ab/ab-image-installer.ts';
import { grubEnvironment } from './ab/grub-environment.ts';
import { runningSlot } from './ab/running-slot.ts';
import { ubootEnvironment } from './ab/uboot-environment.ts';
import { openDirectoryInstaller, type ServiceInstaller } from './directory-installer.ts';
import { openRaucInstaller } from './rauc/rauc-installer.ts';
import { openScriptInstaller } from './script/script-installer.ts';
import { openSwupdateInstaller } from './swupdate/swupdate-installer.ts';

export interface InstallerSurroundings {
  readonly trustDir: string;
  readonly hardware: string;
  readonly bootId: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly files: DurableFiles;
  readonly log: Log;
}

const DEFAULT_STOP_SECONDS = 10;
const DEFAULT_HEALTH_DEADLINE_SECONDS = 60;
const DEFAULT_CHECK_SECONDS = 60;
const DEFAULT_STATE_SECONDS = 600;
const DEFAULT_TRIAL_BOOTS = 3;
const DEFAULT_INSTALL_SECONDS = 3600;

export async function openInstaller(
  component: ComponentConfig,
  around: InstallerSurroundings,
): Promise<ServiceInstaller> {
  switch (component.installer) {
    case 'directory':
      return openDirectory(component, around);
    case 'script':
      return withoutService(await openScript(component, around));
    case 'ab-image':
      return withoutService(await openAbImage(component, around));
    case 'rauc':
      return withoutService(await openRauc(component, around));
    case 'swupdate':
      return withoutService(await openSwupdate(component, around));
  }
}

/** What a step may spend on services, modules and checks, there and back. */
export function patienceSeconds(components: readonly ComponentConfig[]): number {
  const perComponent = components.map(component => {
    const checkSeconds = checkOf(component)?.timeoutSeconds ?? 0;
    if (component.installer === 'script') return 2 * longestStateSeconds(component) + checkSeconds;
    if (component.installer !== 'directory') {
      const installSeconds =
        component.installer === 'ab-image' ? 0 : (component.timeoutSeconds ?? DEFAULT_INSTALL_SECONDS);
      return installSeconds + (component.health?.deadlineSeconds ?? DEFAULT_HEALTH_DEADLINE_SECONDS) + checkSeconds;
    }
    const { stopTimeoutSeconds = DEFAULT_STOP_SECONDS, health } = component.service ?? {};
    const healthSeconds = health?.deadlineSeconds ?? DEFAULT_HEALTH_DEADLINE_SECONDS;
    return 2 * stopTimeoutSeconds + healthSeconds + checkSeconds;
  });
  return perComponent.reduce((sum, seconds) => sum + seconds, 0);
}

async function openDirectory(component: DirectoryComponent, around: InstallerSurroundings): Promise<ServiceInstaller> {
  const { name, folder, factory, service } = component;
  const base = { component: name, folder, factory, ...optionalCheck(component), ...around };
  if (!service) return openDirectoryInstaller(base);
  const [program = '', ...args] = service.command;
  const control = createService({
    ...around,
    settings: {
      command: [program, ...args],
      env: service.env ?? {},
      stopTimeoutSeconds: service.stopTimeoutSeconds ?? DEFAULT_STOP_SECONDS,
    },
    mark: `${name}:${folder}`,
    notePath: join(around.trustDir, `service-${name}.json`),
    outputPath: join(around.trustDir, `service-${name}.log`),
  });
  return openDirectoryInstaller({ ...base, service: { control, ...optionalHealth(service) } });
}

function openScript(component: ScriptComponent, around: InstallerSurroundings): Promise<Installer> {
  const { name, executable, folder, factory, runAs, timeoutsSeconds = {} } = component;
  const { timeoutSeconds = DEFAULT_STATE_SECONDS } = component;
  return openScriptInstaller({
    ...around,
    component: name,
    executable,
    dialect: component.dialect ?? 'tidegate',
    folder,
    factory,
    timeoutSeconds: state => timeoutsSeconds[state] ?? timeoutSeconds,
    allowsNoWayBack: component.allowNoWayBack ?? false,
    ...(runAs ? { runAs } : {}),
    ...optionalCheck(component),
  });
}

async function openAbImage(component: AbImageComponent, around: InstallerSurroundings): Promise<Installer> {
  const { name, slots, factory } = component;
  return openAbImageInstaller({
    ...around,
    component: name,
    slots,
    factory,
    ...(await environmentOf(component, around)),
    ...optionalHealth(component),
    ...optionalCheck(component),
  });
}

function openRauc(component: RaucComponent, around: InstallerSurroundings): Promise<Installer> {
  const { name, slots, factory } = component;
  const { systemConfig = '/etc/rauc/system.conf', timeoutSeconds = DEFAULT_INSTALL_SECONDS } = component;
  return openRaucInstaller({
    ...around,
    component: name,
    slots,
    factory,
    systemConfig,
    timeoutSeconds,
    busAddress: process.env['DBUS_SYSTEM_BUS_ADDRESS'],
    ...optionalHealth(component),
    ...optionalCheck(component),
  });
}

async function openSwupdate(component: SwupdateComponent, around: InstallerSurroundings): Promise<Installer> {
  const { name, factory, select, certificate, hardwareRevision } = component;
  return openSwupdateInstaller({
    ...around,
    component: name,
    factory,
    select,
    certificate,
    hardwareRevision,
    timeoutSeconds: component.timeoutSeconds ?? DEFAULT_INSTALL_SECONDS,
    ...(await environmentOf(component, around)),
    ...optionalHealth(component),
    ...optionalCheck(component),
  });
}

/** What runs, and how the boot loader is told what starts. */
async function environmentOf(
  component: AbImageComponent | SwupdateComponent,
  { files, trustDir }: InstallerSurroundings,
): Promise<Pick<AbImageInstallerDeps, 'running' | 'environment' | 'trialBoots'>> {
  const { name, boot, trialBoots = DEFAULT_TRIAL_BOOTS, commandLineFile = '/proc/cmdline' } = component;
  return {
    running: runningSlot(await readFile(commandLineFile, 'utf8')),
    environment:
      boot.loader === 'grub'
        ? grubEnvironment(boot.environment, files)
        : ubootEnvironment(boot.config, join(trustDir, `boot-${name}.txt`), files),
    trialBoots,
  };
}

/** A step calls a handful of states at most. */
const STATES_PER_STEP = 4;

function longestStateSeconds({ timeoutSeconds, timeoutsSeconds }: ScriptComponent): number {
  const each = [timeoutSeconds ?? DEFAULT_STATE_SECONDS, ...Object.values(timeoutsSeconds ?? {})];
  return STATES_PER_STEP * Math.max(...each);
}

function withoutService(installer: Installer): ServiceInstaller {
  return { ...installer, resume: async () => undefined, close: async () => undefined };
}

function optionalHealth({ health }: Pick<AbImageComponent, 'health'>): { health?: HealthSettings } {
  if (!health) return {};
  const { intervalSeconds = 1, healthyForSeconds = 5, deadlineSeconds = DEFAULT_HEALTH_DEADLINE_SECONDS } = health;
  return { health: { url: health.url, intervalSeconds, healthyForSeconds, deadlineSeconds } };
}

function optionalCheck(component: ComponentConfig): { check?: CheckSettings } {
  const check = checkOf(component);
  return check ? { check } : {};
}

function checkOf({ check }: ComponentConfig): CheckSettings | undefined {
  if (!check) return undefined;
  const [program = '', ...args] = check.command;
  return { command: [program, ...args], timeoutSeconds: check.timeoutSeconds ?? DEFAULT_CHECK_SECONDS };
}
