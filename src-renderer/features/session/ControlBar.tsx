import {
  Ban,
  Bot,
  Check,
  CircleDashed,
  Flag,
  Hourglass,
  Moon,
  OctagonPause,
  Pause,
  Play,
  ShipWheel,
  Square,
  TriangleAlert,
  Undo2,
  Unplug,
  UserRound,
} from 'lucide-react';
import type { ReactNode } from 'react';
import { Button } from '../../ui/Button';
import { Kbd } from '../../ui/Kbd';
import { Spinner } from '../../ui/Spinner';
import { Words } from '../../ui/Words';
import css from './ControlBar.module.css';
import type { BarAction, BarState, FlagIcon } from './controlModel';

export const flagIcons: Record<FlagIcon, ReactNode> = {
  agent: <Bot size={18} />,
  you: <ShipWheel size={18} />,
  other: <UserRound size={18} />,
  wait: <Spinner size={18} />,
  hourglass: <Hourglass size={18} />,
  lost: <Unplug size={18} />,
  paused: <Pause size={18} />,
  stopped: <OctagonPause size={18} />,
  nobody: <CircleDashed size={18} />,
  asleep: <Moon size={18} />,
  help: <Flag size={18} />,
  gone: <TriangleAlert size={18} />,
  ended: <Check size={18} />,
};

export interface ControlBarProps {
  state: BarState;
  busy: boolean;
  /** Keys go to the desktop now; otherwise a click on it sends them there. */
  focused: boolean;
  /** The hand-back note is open and has the keys. */
  noting?: boolean;
  failure: string | null;
  askedBy?: string | null;
  onAction(action: BarAction): void;
  /** The hand-back button with its popover, and the answer's, come from the view. */
  slots?: Partial<Record<BarAction, ReactNode>>;
}

export function ControlBar({ state, busy, focused, noting, failure, askedBy, onAction, slots = {} }: ControlBarProps) {
  return (
    <div className={css.bar} data-role={state.role} role="group" aria-label="Control">
      <div className={css.flag}>
        {flagIcons[state.icon]}
        <span className="clip">{state.flag}</span>
      </div>
      <div className={css.sentence}>
        {state.held && <b className={`${css.clock} tnum`}>{state.held}</b>}
        {failure ? (
          <span className={css.failure} role="alert">
            <Ban size={16} aria-hidden /> {failure}
          </span>
        ) : (
          <span className={css.words} title={state.sentence.replaceAll('**', '')}>
            <Words text={state.sentence} />
            {state.keys &&
              (focused ? (
                <KeysHint />
              ) : (
                <span className={css.dim}>{noting ? 'Keys go to the note.' : 'Click the desktop to type on it.'}</span>
              ))}
          </span>
        )}
        {state.clock && !failure && <b className={`${css.clock} tnum`}>{state.clock}</b>}
      </div>
      <span className="srOnly" role="status">
        {state.flag}
      </span>
      <div className={css.actions}>
        {state.actions.map((action) => (
          <span key={action} className={css.slot} data-action={action}>
            {slots[action] ?? (
              <BarButton action={action} busy={busy} askedBy={askedBy} onPress={() => onAction(action)} />
            )}
          </span>
        ))}
      </div>
    </div>
  );
}

function KeysHint() {
  return (
    <span className={css.dim}>
      Keys go to the desktop. <Kbd keys="Ctrl Alt Esc" /> <span className={css.extra}>gives them back.</span>
    </span>
  );
}

function BarButton({
  action,
  busy,
  askedBy,
  onPress,
}: {
  action: BarAction;
  busy: boolean;
  askedBy?: string | null;
  onPress(): void;
}) {
  const common = { disabled: busy, onClick: onPress };
  switch (action) {
    case 'take':
      return (
        <Button {...common} kind="take" size="bar" icon={<ShipWheel size={18} />}>
          Take control
        </Button>
      );
    case 'handback':
      return (
        <Button {...common} kind="give" size="bar" icon={<Undo2 size={18} />}>
          Hand back
        </Button>
      );
    case 'takeAdmin':
      return (
        <Button {...common} kind="quiet">
          Take it (admin)
        </Button>
      );
    case 'ask':
      return <Button {...common}>Ask for it</Button>;
    case 'give':
      return <Button {...common}>Give to {askedBy}</Button>;
    case 'keepFromAsker':
      return (
        <Button {...common} kind="quiet">
          Keep
        </Button>
      );
    case 'keepIdle':
      return <Button {...common}>Keep it</Button>;
    case 'cancel':
      return (
        <Button {...common} kind="quiet">
          Cancel
        </Button>
      );
    case 'resume':
      return (
        <Button {...common} icon={<Play size={16} />}>
          Go on
        </Button>
      );
    case 'answer':
      return (
        <Button {...common} kind="quiet">
          Answer…
        </Button>
      );
    case 'pause':
      return (
        <Button
          {...common}
          kind="quiet"
          className={css.folds}
          icon={<Pause size={16} />}
          aria-label="Pause"
          title="Pause: nobody acts and the computer stands still"
        >
          Pause
        </Button>
      );
    case 'stop':
      return (
        <Button
          {...common}
          kind="quiet"
          className={css.folds}
          icon={<Square size={16} />}
          aria-label="End…"
          title="End the session…"
        >
          End…
        </Button>
      );
  }
}
