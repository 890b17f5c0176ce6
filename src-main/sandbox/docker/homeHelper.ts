import type { Container, ContainerInfo } from 'dockerode';
import { WheelhouseError } from '../../base/errors';
import { engineMs, statusOf, type Engine } from './engine';
import { labels } from './labels';

export const homeFolder = '/home/session';

/** What a helper is made of: any of our images will do, and the session's machine may be gone. */
export interface Helpers {
  engine: Engine;
  installationId: string;
  run: string;
  /** The tag of an image that is there, or null. */
  image(signal: AbortSignal): Promise<string | null>;
}

/**
 * A container with a home's volume that can only be read, no network and no rights but to read it all: not started, and
 * no machine by its labels. Whoever makes it removes it; one that was left behind goes with the next look (`sweep`).
 */
export async function makeHelper(
  { engine, installationId, run, image }: Helpers,
  of: { homeId: string; volume: string; command: string[] },
  signal: AbortSignal,
): Promise<Container> {
  const Image = await image(signal);
  if (Image === null) throw new WheelhouseError('image_missing', 'There is no image to look at a home with.');
  return engine.run(
    'prepare a look at the home',
    signal,
    (docker, abortSignal) =>
      docker.createContainer({
        Image,
        User: '0:0',
        Entrypoint: of.command,
        Cmd: [],
        WorkingDir: '/',
        Labels: {
          [labels.installation]: installationId,
          [labels.home]: of.homeId,
          [labels.helper]: run,
        },
        NetworkDisabled: true,
        AttachStdout: true,
        AttachStderr: false,
        HostConfig: {
          NetworkMode: 'none',
          Mounts: [
            {
              Type: 'volume',
              Source: of.volume,
              Target: homeFolder,
              ReadOnly: true,
              VolumeOptions: { NoCopy: true, Labels: {}, DriverConfig: { Name: 'local', Options: {} } },
            },
          ],
          ReadonlyRootfs: true,
          CapDrop: ['ALL'],
          CapAdd: ['DAC_READ_SEARCH'],
          SecurityOpt: ['no-new-privileges:true'],
          Memory: 64 * 1024 * 1024,
          PidsLimit: 16,
          LogConfig: { Type: 'json-file', Config: { 'max-size': '64k', 'max-file': '1' } },
        },
        abortSignal,
      }),
    engineMs.slow,
  );
}

/** No error when it is gone. */
export async function removeHelper(engine: Engine, id: string): Promise<void> {
  try {
    await engine.run(
      'remove the look at a home',
      AbortSignal.timeout(engineMs.slow),
      (docker) => docker.getContainer(id).remove({ force: true }),
      engineMs.slow,
    );
  } catch (error) {
    const [gone, underWay] = [404, 409];
    if (![gone, underWay].includes(statusOf(error) ?? 0)) throw error;
  }
}

/** Removes helpers of brokers that did not live to do it, and gives the other containers back. */
export async function sweep(
  engine: Engine,
  containers: readonly ContainerInfo[],
  run: string,
  signal: AbortSignal,
): Promise<ContainerInfo[]> {
  const left = containers.filter(({ Labels }) => {
    const helper = Labels[labels.helper];
    return helper !== undefined && helper !== run && Labels[labels.machine] === undefined;
  });
  signal.throwIfAborted();
  await Promise.all(left.map(({ Id }) => removeHelper(engine, Id)));
  return containers.filter((one) => !left.includes(one));
}
