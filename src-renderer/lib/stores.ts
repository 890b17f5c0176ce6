import type { Action } from '@shared/action';
import { create } from 'zustand';
import type { Happening } from './happenings';

/** What arrives by push only: thumbnails' versions, the agent's latest action in each session, what just happened. */
interface LiveStore {
  thumbs: Record<string, number>;
  latest: Record<string, Action>;
  /** The agent's latest action that had a point on the screen. */
  pointed: Record<string, Action>;
  happened: readonly Happening[];
  setThumb(sessionId: string, version: number): void;
  setLatest(action: Action): void;
  addHappening(happening: Happening): void;
}

const kept = 12;

export const useLive = create<LiveStore>((set) => ({
  thumbs: {},
  latest: {},
  pointed: {},
  happened: [],
  setThumb: (sessionId, version) => set((state) => ({ thumbs: { ...state.thumbs, [sessionId]: version } })),
  setLatest: (action) =>
    set((state) => {
      if (action.actor.kind !== 'agent') return state;
      const known = state.latest[action.sessionId];
      if (known && known.id !== action.id && known.at > action.at) return state;
      const latest = { ...state.latest, [action.sessionId]: action };
      return action.point ? { latest, pointed: { ...state.pointed, [action.sessionId]: action } } : { latest };
    }),
  addHappening: (happening) => set((state) => ({ happened: [happening, ...state.happened].slice(0, kept) })),
}));

export type Density = 'small' | 'medium' | 'large';
export type Grouping = 'pool' | 'state' | 'agent';

/** Choices of the person at this window. */
interface UiStore {
  palette: boolean;
  connect: boolean;
  start: boolean;
  density: Density;
  grouping: Grouping;
  asideOpen: boolean;
  /** Why stopping everything, or letting it go on, did not work. */
  stopFailure: string | null;
  /** The session whose checkpoint is to be saved by the palette or a key; its view opens the dialog. */
  saving: string | null;
  /** What the palette asks of the session that is looked at; its view does it and says how it went. */
  wish: { sessionId: string; what: 'suspend' | 'resume' } | null;
  setStopFailure(failure: string | null): void;
  setSaving(sessionId: string | null): void;
  setWish(wish: UiStore['wish']): void;
  setPalette(open: boolean): void;
  setConnect(open: boolean): void;
  setStart(open: boolean): void;
  setDensity(density: Density): void;
  setGrouping(grouping: Grouping): void;
  setAsideOpen(open: boolean): void;
}

export const useUi = create<UiStore>((set) => ({
  palette: false,
  connect: false,
  start: false,
  density: 'medium',
  grouping: 'pool',
  asideOpen: true,
  stopFailure: null,
  saving: null,
  wish: null,
  setStopFailure: (stopFailure) => set({ stopFailure }),
  setSaving: (saving) => set({ saving }),
  setWish: (wish) => set({ wish }),
  setPalette: (palette) => set({ palette }),
  setConnect: (connect) => set({ connect }),
  setStart: (start) => set({ start }),
  setDensity: (density) => set({ density }),
  setGrouping: (grouping) => set({ grouping }),
  setAsideOpen: (asideOpen) => set({ asideOpen }),
}));
