import type { DemoStatus, SetupStatus, SetupWay } from '@shared/ipc';
import { gigabytes } from '../../lib/words';

export interface Line {
  tone: 'fine' | 'wait' | 'warn' | 'bad';
  title: string;
  text: string;
}

/** The one thing that mends a way: a command to copy, under the line that it mends, an image to build; null when there is nothing to do, or nothing that we know. */
export type Mend = { kind: 'command'; command: string; line: number } | { kind: 'build' } | null;

/** One way to desktops: what it is at in a word, its parts in lines, and what mends it. */
export interface Way {
  way: SetupWay;
  ready: boolean;
  state: 'Ready' | 'Being looked for' | 'Being set up' | 'Not set up';
  lines: Line[];
  mend: Mend;
}

const isBuilding = ({ build }: SetupStatus) => build !== null && build.error === null && build.percent < 100;

export function dockerWay(status: SetupStatus): Way {
  const { docker, image } = status;
  const running = docker.state === 'running';
  return wayOf('docker', {
    checking: docker.state === 'checking',
    there: running,
    image,
    lines: [dockerLine(status), imageLine(image, running ? null : 'Docker runs')],
    fix: running ? null : docker.fix,
  });
}

export function qemuWay(status: SetupStatus): Way | null {
  const { qemu } = status;
  if (!qemu) return null;
  const installed = qemu.state === 'installed';
  return wayOf('qemu', {
    checking: qemu.state === 'checking',
    there: installed,
    image: qemu.image,
    lines: [
      qemuLine(qemu, status.docker.state !== 'running'),
      imageLine(qemu.image, installed ? null : 'QEMU is installed'),
    ],
    fix: qemu.fix,
  });
}

function wayOf(
  way: SetupWay,
  facts: { checking: boolean; there: boolean; image: SetupStatus['image']; lines: Line[]; fix: string | null },
): Way {
  const { checking, there, image, lines, fix } = facts;
  const ready = there && image.state === 'ready';
  const building = there && image.state === 'building';
  const mend = (): Mend => {
    if (checking || ready || building || image.state === 'checking') return null;
    if (fix !== null) return { kind: 'command', command: fix, line: there ? lines.length - 1 : 0 };
    return there ? { kind: 'build' } : null;
  };
  const state = ready ? 'Ready' : checking ? 'Being looked for' : building ? 'Being set up' : 'Not set up';
  return { way, ready, state, lines, mend: mend() };
}

/** The sentence under the title: what is left to do. */
export function summary(status: SetupStatus): string {
  const { docker, qemu, build, ready } = status;
  if (!ready && (docker.state === 'checking' || qemu?.state === 'checking'))
    return 'Looking at what is on this computer.';
  if (ready) return 'Start the demo, or connect your own agent.';
  if (docker.state !== 'running' && qemu?.state !== 'installed')
    return 'Docker or QEMU is needed first: either will do. The rest is done here.';
  if (build && isBuilding(status)) {
    const minutes = build.secondsLeft === null ? null : Math.max(1, Math.round(build.secondsLeft / 60));
    return `One image has to be built, once. You can go on when it is done${minutes === null ? '' : `, in about ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}`}.`;
  }
  return 'One image has to be built, once.';
}

/** What the demo can run on, the quicker first; empty while nothing is ready. */
export const readyWays = (status: SetupStatus): SetupWay[] =>
  [dockerWay(status), qemuWay(status)].flatMap((way) => (way?.ready ? [way.way] : []));

/** `only`: there is nothing else to make desktops with. */
export function qemuLine(qemu: NonNullable<SetupStatus['qemu']>, only: boolean): Line {
  const version = /^\d+\.\d+/.exec(qemu.version ?? '')?.[0];
  const title = version === undefined ? 'QEMU' : `QEMU ${version}`;
  switch (qemu.state) {
    case 'checking':
      return { tone: 'wait', title: 'QEMU', text: 'Being looked for.' };
    case 'missing':
      return { tone: only ? 'bad' : 'warn', title: 'QEMU is not here', text: qemu.message };
    case 'installed':
      return qemu.isolation === 'vm'
        ? { tone: 'fine', title, text: qemu.message }
        : { tone: 'warn', title: `${title}, emulated`, text: qemu.message };
  }
}

export function dockerLine({ docker, qemu }: SetupStatus): Line {
  const tone = qemu?.state === 'installed' ? 'warn' : 'bad';
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
      return { tone, title: 'Docker is not running', text: docker.message };
    case 'missing':
      return { tone, title: 'Docker is not here', text: docker.message };
  }
}

/** `first`: what must be there before the image can be looked for; null when it is. */
export function imageLine(image: SetupStatus['image'], first: string | null): Line {
  if (first !== null) return { tone: 'warn', title: 'Desktop image', text: `Looked for once ${first}.` };
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
