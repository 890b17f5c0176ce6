import type { Pool } from '@shared/pool';
import type { Session } from '@shared/session';
import { Ellipsis, Moon, Play, Square } from 'lucide-react';
import { IconButton } from '../../ui/Button';
import { Menu, MenuItem } from '../../ui/Menu';
import { Spinner } from '../../ui/Spinner';
import { isSuspended, savedWhole, suspendChoice } from './lifeModel';
import type { Suspension } from './useSuspension';

/** What can be done with a session as a whole. Nothing once it is over. */
export function SessionMenu({
  session,
  pool,
  suspension,
  onEnd,
}: {
  session: Session;
  pool: Pool | undefined;
  suspension: Suspension;
  onEnd(): void;
}) {
  if (session.endedAt !== null) return null;
  const choice = suspendChoice(session, pool);
  return (
    <Menu
      label="Session"
      trigger={
        <IconButton label="More for this session" disabled={suspension.busy !== null}>
          {suspension.busy ? <Spinner /> : <Ellipsis size={16} />}
        </IconButton>
      }
    >
      {choice && (
        <MenuItem
          icon={<Moon size={16} />}
          hint={
            choice.barred ?? (savedWhole(pool) ? 'Its machine is saved and goes' : 'Its machine goes, its home stays')
          }
          disabled={choice.barred !== null}
          onSelect={() => void suspension.suspend()}
        >
          Suspend
        </MenuItem>
      )}
      {isSuspended(session) && (
        <MenuItem icon={<Play size={16} />} onSelect={() => void suspension.resume()}>
          Resume
        </MenuItem>
      )}
      <MenuItem danger icon={<Square size={16} />} onSelect={onEnd}>
        End {session.name}…
      </MenuItem>
    </Menu>
  );
}
