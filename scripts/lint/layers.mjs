import { posix } from 'node:path';

/** The rooms of src-main from the ground up; an import goes to the same height or lower. */
const heights = {
  base: 0,
  ...{ store: 1, sandbox: 1, guest: 1 },
  ...{ broker: 2, control: 2, screen: 2, timeline: 2 },
  ...{ usage: 3, metrics: 3 },
  ...{ checkpoints: 3, channel: 3, hosted: 3, server: 3, diagnostics: 3 },
  ...{ demo: 4, ipc: 4, wheelhouse: 4 },
  app: 5,
};
/** Files beside the rooms: the composition in plain Node is below ipc and app, the app's entry above all. */
const besideHeights = { 'wheelhouse.ts': 4, 'index.ts': 6 };

/** Which folders of the checkout each may import. `src-guest` is for the two rooms that speak its protocol. */
const folders = {
  'src-shared': [],
  'src-preload': ['src-shared'],
  'src-renderer': ['src-shared'],
  'src-guest': ['src-shared'],
  'src-cli': ['src-shared', 'src-main'],
  'src-main': ['src-shared', 'src-guest'],
};
const speaksGuest = new Set(['guest', 'sandbox']);
const mayImportElectron = (from) =>
  from.startsWith('src-main/app/') || from === 'src-main/index.ts' || from.startsWith('src-preload/');

const isTest = (path) => /\.(it\.)?test\.tsx?$|\.contract\.ts$/.test(path);
const topOf = (path) => path.split('/')[0];

const roomOf = (path) => {
  const [, room, ...rest] = path.split('/');
  if (rest.length === 0) {
    const file = /\.tsx?$/.test(room) ? room : `${room}.ts`;
    return { name: file, height: besideHeights[file] ?? besideHeights['wheelhouse.ts'] };
  }
  return { name: room, height: heights[room] };
};

const withinMain = (from, to, typeOnly) => {
  // Contracts are types alone: they tie nothing to anything at run time.
  if (typeOnly) return null;
  const here = roomOf(from);
  const there = roomOf(to);
  if (there.height === undefined) return `src-main/${there.name} is in no layer: name it in scripts/lint/layers.mjs`;
  if (here.name !== 'sandbox' && here.height <= 2 && /^src-main\/sandbox\/(docker|qemu|fake)(\/|$)/.test(to)) {
    return `${here.name} knows sandbox/backend.ts, not a backend`;
  }
  if (there.height > here.height) return `${here.name} may not import ${there.name}, which lies above it`;
  return null;
};

/**
 * Why a file may not import something, or null when it may. Pure; paths are relative to the checkout.
 * @param {string} from the importing file @param {string} specifier as written @param {boolean} typeOnly an `import type`
 */
export const refusal = (from, specifier, typeOnly) => {
  const top = topOf(from);
  if (!(top in folders) || isTest(from)) return null;
  if (specifier === 'electron' || specifier.startsWith('electron/')) {
    if (mayImportElectron(from) || (typeOnly && top === 'src-main')) return null;
    return 'only src-main/app, src-main/index.ts and src-preload import electron; the rest runs in plain Node';
  }
  let to = null;
  if (specifier.startsWith('@shared/')) to = `src-shared/${specifier.slice('@shared/'.length)}`;
  else if (specifier.startsWith('.')) to = posix.join(posix.dirname(from), specifier);
  if (to === null) {
    if (top === 'src-shared' && specifier !== 'zod') return 'src-shared imports zod and nothing else';
    return null;
  }
  const target = topOf(to);
  if (target === top) return top === 'src-main' ? withinMain(from, to, typeOnly) : null;
  if (!(target in folders)) return null;
  if (!folders[top].includes(target)) return `${top} may not import ${target}`;
  if (target === 'src-guest' && !speaksGuest.has(roomOf(from).name))
    return 'only guest and sandbox speak the in-guest agent’s protocol';
  return null;
};
