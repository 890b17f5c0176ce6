import type { SetupStatus, SetupWay } from '@shared/ipc';
import type { ImageBuild } from './imageBuild';

type Qemu = NonNullable<SetupStatus['qemu']>;
type Image = SetupStatus['image'];

export interface SetupDeps {
  checkDocker(): Promise<SetupStatus['docker']>;
  /** QEMU without its image. */
  checkQemu(): Promise<Omit<Qemu, 'image'>>;
  /** The desktop image's tag, or null. */
  findImage(way: SetupWay): Promise<string | null>;
  build: ImageBuild;
  announce(status: SetupStatus): void;
  /** An image came into being: pools may look again. */
  onImage(way: SetupWay): void;
}

const unknownImage: Image = { state: 'checking', tag: null, message: 'Looking for the desktop image' };
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
  image: unknownImage,
  qemu: {
    state: 'checking',
    version: null,
    message: 'Looking for QEMU',
    fix: null,
    isolation: 'none',
    image: unknownImage,
  },
  build: null,
  ready: false,
};

const takes: Record<SetupWay, string> = {
  docker: 'It has to be built, once, in about 3 minutes.',
  qemu: 'It has to be built, once: in half a minute from the Docker image, else in about 5 minutes.',
};

/** Pure: the state of an image in words, from what was found and how the build goes. */
export function describeImage(
  way: SetupWay,
  tag: string | null,
  build: SetupStatus['build'],
  running: boolean,
): SetupStatus['image'] {
  const own = build !== null && (build.backend ?? 'docker') === way;
  if (running && own) return { state: 'building', tag, message: 'Being built below.' };
  if (tag) return { state: 'ready', tag, message: `The desktop image is there: ${tag}` };
  if (own && build.error) return { state: 'failed', tag: null, message: build.error };
  return { state: 'missing', tag: null, message: takes[way] };
}

/** Pure: whether desktops can be handed out, by either way. */
export const isReady = ({ docker, image, qemu }: Omit<SetupStatus, 'ready'>): boolean =>
  (docker.state === 'running' && image.state === 'ready') ||
  (qemu?.state === 'installed' && qemu.image.state === 'ready');

/** First run: what this computer has, what it lacks, and the one thing that mends it. */
export function createSetup(deps: SetupDeps) {
  let status = checking;
  const publish = (next: Omit<SetupStatus, 'ready'>) => {
    status = { ...next, ready: isReady(next) };
    deps.announce(status);
    return status;
  };
  const describe = (way: SetupWay, tag: string | null) =>
    describeImage(way, tag, deps.build.current(), deps.build.running());
  const look = async (): Promise<SetupStatus> => {
    const [docker, qemu] = await Promise.all([deps.checkDocker(), deps.checkQemu()]);
    const find = (way: SetupWay, there: boolean) => (there ? deps.findImage(way).catch(() => null) : null);
    const [image, machineImage] = await Promise.all([
      find('docker', docker.state === 'running'),
      find('qemu', qemu.state === 'installed'),
    ]);
    return publish({
      docker,
      image: describe('docker', image),
      qemu: { ...qemu, image: describe('qemu', machineImage) },
      build: deps.build.current(),
    });
  };
  return {
    status: () => status,
    look,
    /** The build's own progress arrived. */
    buildChanged(): void {
      const { qemu } = status;
      publish({
        ...status,
        image: describe('docker', status.image.tag),
        qemu: qemu && { ...qemu, image: describe('qemu', qemu.image.tag) },
        build: deps.build.current(),
      });
    },
    /** Returns once the build has begun; its end is announced. Without a way: Docker's where it runs. */
    async buildImage(way: SetupWay = status.docker.state === 'running' ? 'docker' : 'qemu'): Promise<void> {
      void deps.build.start(way).then(async (made) => {
        await look();
        if (made) deps.onImage(way);
      });
    },
    cancelBuild: () => deps.build.cancel(),
  };
}
