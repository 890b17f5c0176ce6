import { splitWords } from '../lib/words';

/** A sentence with its target in bold. Guest text inside it is text nodes only, never markup. */
export function Words({ text }: { text: string }) {
  return splitWords(text).map((part, index) =>
    part.bold ? <b key={index}>{part.text}</b> : <span key={index}>{part.text}</span>,
  );
}
