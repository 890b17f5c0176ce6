import type { Diagnostics } from '@shared/diagnostics';
import { Check, CircleMinus } from 'lucide-react';
import css from './DiagnosticsView.module.css';
import { backendLine, backendTitle, factsByName } from './model';

/** What makes machines here, each with its facts. */
export function Backends({ backends }: Pick<Diagnostics, 'backends'>) {
  return (
    <div>
      {backends.map((backend) => (
        <section key={backend.kind} className={css.card} aria-label={backendTitle(backend)}>
          <h2>{backendTitle(backend)}</h2>
          <p className={css.reach}>
            <span data-role={backend.reachable ? 'fine' : 'nobody'} className={css.state}>
              {backend.reachable ? <Check size={16} aria-hidden /> : <CircleMinus size={16} aria-hidden />}
              <span>{backend.reachable ? 'Answers' : 'Not here'}</span>
            </span>
            <span className="tnum">{backendLine(backend)}</span>
          </p>
          {backend.facts.length > 0 && (
            <dl className={css.facts}>
              {factsByName(backend).map(({ name, words }) => (
                <div key={name}>
                  <dt>{name}</dt>
                  {words.map((each, index) => (
                    <dd key={index}>{each}</dd>
                  ))}
                </div>
              ))}
            </dl>
          )}
        </section>
      ))}
    </div>
  );
}
