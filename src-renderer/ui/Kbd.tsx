import css from './Kbd.module.css';

/** Key caps: `<Kbd keys="Ctrl Alt Esc" />`. */
export function Kbd({ keys }: { keys: string }) {
  return (
    <span className={css.keys}>
      {keys.split(' ').map((key) => (
        <kbd key={key}>{key}</kbd>
      ))}
    </span>
  );
}
