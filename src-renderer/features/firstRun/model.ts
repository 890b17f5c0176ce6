import type { DemoStatus, SetupStatus } from '@shared/ipc';
import { gigabytes } from '../../lib/words';

export interface Line {
  tone: 'fine' | 'wait' | 'warn' | 'bad';
  title: string;
  text: string;
}

/** The sentence under the title: what is left to do. */
export function summary({ docker, image, build }: SetupStatus): string {
  if (docker.state === 'checking') return 'Looking at what is on this computer.';
  if (docker.state !== 'running') return 'Docker is needed first. The rest is done here.';
  if (image.state === 'ready') return 'Start the demo, or connect your own agent.';
  if (build && build.error === null) {
    const minutes = build.secondsLeft === null ? null : Math.max(1, Math.round(build.secondsLeft / 60));
    return `One image has to be built, once. You can go on when it is done${minutes === null ? '' : `, in about ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}`}.`;
  }
  return 'One image has to be built, once.';
}

export function dockerLine({ docker }: SetupStatus): Line {
  switch (docker.state) {
    case 'running': {
      const free = [
        docker.cpus === null ? '' : `${docker.cpus} CPU`,
        docker.memoryBytes === null ? '' : `${gigabytes(docker.memoryBytes)} of memory`,
        docker.diskFreeBytes === null ? '' : `${gigabytes(docker.diskFreeBytes)} of disk`,
      ].filter(Boolean);
      const list = free.length > 1 ? `${free.slice(0, -1).join(', ')} and ${free.at(-1)}` : free.join('');
      return {
        tone: 'fine',
        title: docker.version ? `Docker ${docker.version}` : 'Docker',
        text: list ? `Running. ${list} for desktops.` : docker.message || 'Running.',
      };
    }
    case 'checking':
      return { tone: 'wait', title: 'Docker', text: 'Being looked for.' };
    case 'stopped':
      return { tone: 'bad', title: 'Docker is not running', text: docker.message };
    case 'missing':
      return { tone: 'bad', title: 'Docker is not here', text: docker.message };
  }
}

export function imageLine({ docker, image }: SetupStatus): Line {
  if (image.state === 'missing' && docker.state !== 'running')
    return { tone: 'warn', title: 'Desktop image', text: 'Looked for once Docker runs.' };
  switch (image.state) {
    case 'ready':
      return { tone: 'fine', title: 'Desktop image', text: image.tag ? `Ready, ${image.tag}.` : 'Ready.' };
    case 'building':
      return { tone: 'wait', title: 'No desktop image yet', text: 'Being built below.' };
    case 'checking':
      return { tone: 'wait', title: 'Desktop image', text: 'Being looked for.' };
    case 'missing':
      return { tone: 'warn', title: 'No desktop image yet', text: image.message };
    case 'failed':
      return { tone: 'bad', title: 'The image could not be built', text: image.message };
  }
}

/** What the demo agent is at; null while there is nothing to say. */
export function demoWords(demo: DemoStatus | undefined): string | null {
  switch (demo?.state) {
    case 'starting':
    case 'running':
      return demo.step || 'It is at work.';
    case 'waiting':
      return 'It waits for you: take control of its desktop.';
    case 'done':
      return demo.message ?? 'It finished its job.';
    default:
      return null;
  }
}
