import { Activity, Bell, Bot, Layers, LayoutGrid, Monitor, Moon, Search, ShipWheel, Sun, SunMoon } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { Link, useLocation } from 'wouter';
import { call } from '../lib/api';
import { useAttention } from '../lib/queries';
import { useUi } from '../lib/stores';
import { Menu, MenuChoices } from '../ui/Menu';
import { Tooltip } from '../ui/Tooltip';
import css from './Rail.module.css';
import { chooseTheme, type ThemeChoice } from './theme';

export function Rail() {
  const [path] = useLocation();
  const waiting = useAttention().data?.filter((each) => each.state === 'waiting').length ?? 0;
  const setPalette = useUi((state) => state.setPalette);
  const at = (prefix: string) => path === prefix || path.startsWith(`${prefix}/`);
  return (
    <nav className={css.rail} aria-label="Views">
      <span className={css.mark} aria-hidden>
        <ShipWheel size={24} strokeWidth={2.25} />
      </span>
      <Tooltip text="Search and commands, Ctrl+K" side="right">
        <button type="button" className={css.item} aria-label="Search and commands" onClick={() => setPalette(true)}>
          <Search size={20} />
        </button>
      </Tooltip>
      <hr />
      <RailLink
        href="/attention"
        label={waiting > 0 ? `Attention, ${waiting} waiting` : 'Attention'}
        active={at('/attention')}
      >
        <Bell size={20} />
        {waiting > 0 && (
          <span className={`${css.count} tnum`} data-role="trouble">
            {waiting > 99 ? '99+' : waiting}
          </span>
        )}
      </RailLink>
      <RailLink href="/wall" label="Wall" active={at('/wall') || at('/session')}>
        <LayoutGrid size={20} />
      </RailLink>
      <RailLink href="/pools" label="Pools" active={at('/pools') || at('/homes')}>
        <Layers size={20} />
      </RailLink>
      <RailLink href="/agents" label="Agents" active={at('/agents')}>
        <Bot size={20} />
      </RailLink>
      <span className={css.gap} />
      <RailLink href="/diagnostics" label="Diagnostics" active={at('/diagnostics')}>
        <Activity size={20} />
      </RailLink>
      <ThemeMenu />
    </nav>
  );
}

function RailLink({
  href,
  label,
  active,
  children,
}: {
  href: string;
  label: string;
  active: boolean;
  children: ReactNode;
}) {
  return (
    <Tooltip text={label} side="right">
      <Link href={href} className={css.item} aria-label={label} aria-current={active ? 'page' : undefined}>
        {children}
      </Link>
    </Tooltip>
  );
}

const choices = [
  { value: 'system', label: 'As the system', icon: <Monitor size={16} /> },
  { value: 'dark', label: 'Dark', icon: <Moon size={16} /> },
  { value: 'light', label: 'Light', icon: <Sun size={16} /> },
] as const;

function ThemeMenu() {
  const [choice, setChoice] = useState<ThemeChoice>('system');
  return (
    <Menu
      label="Theme"
      side="right"
      align="end"
      trigger={
        <button
          type="button"
          className={css.item}
          aria-label="Theme"
          title="Theme"
          onPointerEnter={refresh}
          onFocus={refresh}
        >
          <SunMoon size={20} />
        </button>
      }
    >
      <MenuChoices
        label="Theme"
        value={choice}
        choices={choices}
        onChange={(next) => {
          setChoice(next);
          void chooseTheme(next);
        }}
      />
    </Menu>
  );

  function refresh() {
    void call('app.theme', {}).then(setChoice, () => undefined);
  }
}
