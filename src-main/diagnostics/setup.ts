import type { SetupStatus } from '@shared/ipc';
import type { ImageBuild } from './imageBuild';

export interface SetupDeps {
  checkDocker(): Promise<SetupStatus['docker']>;
  /** The desktop image's tag, or null. */
  findImage(): Promise<string | null>;
  build: ImageBuild;
  announce(status: SetupStatus): void;
  /** An image came into being: pools may look again. */
  onImage(): void;
}

const checking: SetupStatus = {
  docker: {
    state: 'checking',
    version: null,
    message: 'Looking for Docker',
    fix: null,
    cpus: null,
    memoryBytes: null,
    diskFreeBytes: null,
  },
  image: { state: 'checking', tag: null, message: 'Looking for the desktop image' },
  build: null,
  ready: false,
};

/** Pure: the state of the image in words, from what was found and how the build goes. */
export function describeImage(tag: string | null, build: SetupStatus['build'], running: boolean): SetupStatus['image'] {
  if (running) return { state: 'building', tag, message: 'Being built below.' };
  if (tag) return { state: 'ready', tag, message: `The desktop image is there: ${tag}` };
  if (build?.error) return { state: 'failed', tag: null, message: build.error };
  return { state: 'missing', tag: null, message: 'It has to be built, once, in about 3 minutes.' };
}

/** First run: what this computer has, what it lacks, and the one thing that mends it. */
export function createSetup(deps: SetupDeps) {
  let status = checking;
  const publish = (next: Omit<SetupStatus, 'ready'>) => {
    status = { ...next, ready: next.docker.state === 'running' && next.image.state === 'ready' };
    deps.announce(status);
    return status;
  };
  const look = async (): Promise<SetupStatus> => {
    const docker = await deps.checkDocker();
    const tag = docker.state === 'running' ? await deps.findImage().catch(() => null) : null;
    return publish({
      docker,
      image: describeImage(tag, deps.build.current(), deps.build.running()),
      build: deps.build.current(),
    });
  };
  return {
    status: () => status,
    look,
    /** The build's own progress arrived. */
    buildChanged(): void {
      const build = deps.build.current();
      publish({ ...status, image: describeImage(status.image.tag, build, deps.build.running()), build });
    },
    /** Returns once the build has begun; its end is announced. */
    async buildImage(): Promise<void> {
      void deps.build.start().then(async (made) => {
        await look();
        if (made) deps.onImage();
      });
    },
    cancelBuild: () => deps.build.cancel(),
  };
}
