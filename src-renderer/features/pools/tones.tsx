import type { Pool } from '@shared/pool';
import { Check, CircleAlert, Pause, RefreshCw, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import type { ConditionTone } from './model';

export const toneIcons: Record<ConditionTone, ReactNode> = {
  fine: <Check size={16} aria-hidden />,
  moving: <RefreshCw size={16} aria-hidden />,
  warn: <CircleAlert size={16} aria-hidden />,
  bad: <TriangleAlert size={16} aria-hidden />,
  paused: <Pause size={16} aria-hidden />,
};
export const toneRoles = { fine: 'fine', moving: 'you', warn: 'you', bad: 'trouble', paused: 'nobody' } as const;
export const backendNames: Record<Pool['backend'], string> = { docker: 'Docker', qemu: 'QEMU', fake: 'Fake' };
