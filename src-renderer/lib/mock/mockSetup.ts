import type { SetupStatus } from '@shared/ipc';
import { ago } from './mockData';

export function ready(): SetupStatus {
  return {
    docker: {
      state: 'running',
      version: '27.3',
      message: 'Running',
      fix: null,
      cpus: 8,
      memoryBytes: 32 * 1024 ** 3,
      diskFreeBytes: 212 * 1024 ** 3,
    },
    image: { state: 'ready', tag: 'desktop:6f1c2a', message: '' },
    build: null,
    ready: true,
  };
}

export function building(): SetupStatus {
  const step = (name: string, state: 'done' | 'running' | 'waiting', seconds: number | null) => ({
    name,
    state,
    seconds,
  });
  return {
    ...ready(),
    image: { state: 'building', tag: null, message: '' },
    ready: false,
    build: {
      startedAt: ago(192),
      percent: 58,
      secondsLeft: 170,
      steps: [
        step('Debian base', 'done', 21),
        step('Screen and window manager', 'done', 48),
        step('Files, editor, terminal', 'done', 62),
        step('Chromium, step 7 of 12', 'running', 61),
        step('Node and the in-guest agent', 'waiting', null),
        step('Fonts and keyboard layouts', 'waiting', null),
        step('Start once and look at the screen', 'waiting', null),
      ],
      log: [
        'Get:38 bookworm/main xfonts-base 5,896 kB',
        'Get:39 bookworm/main openbox 3.6.1-10 341 kB',
        'Setting up openbox (3.6.1-10) …',
        'Step 7/12 : install chromium',
        'Get:1 bookworm-security chromium-common 31.4 MB',
        'Get:2 bookworm-security chromium 78.9 MB',
        'Unpacking chromium (142.0.7444.59) …',
      ],
      error: null,
    },
  };
}
