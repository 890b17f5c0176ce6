import { LoaderCircle } from 'lucide-react';
import css from './Spinner.module.css';

export function Spinner({ size = 16 }: { size?: number }) {
  return <LoaderCircle size={size} className={css.spinner} aria-hidden />;
}
