export interface WordPart {
  text: string;
  bold: boolean;
}

/** Splits "Clicked **Save**" at its ** marks. An odd mark is text: guests choose what stands between them. */
export function splitWords(text: string): WordPart[] {
  const pieces = text.split('**');
  if (pieces.length % 2 === 0) {
    const tail = pieces.pop() ?? '';
    pieces.push(`${pieces.pop() ?? ''}**${tail}`);
  }
  return pieces.map((piece, index) => ({ text: piece, bold: index % 2 === 1 })).filter((part) => part.text !== '');
}

export function plainWords(text: string): string {
  return splitWords(text)
    .map((part) => part.text)
    .join('');
}

const dangling = new Set(['a', 'an', 'the', 'in', 'on', 'at', 'to', 'of', 'for', 'from', 'with', 'and']);

/** The first words of a sentence, for the pointer's label: at most `words` words and `letters` letters. */
export function shortWords(text: string, words = 4, letters = 28): string {
  const all = plainWords(text).replace(/\s+/g, ' ').trim().split(' ').slice(0, words);
  while (all.length > 2 && dangling.has(all.at(-1)?.toLowerCase() ?? '')) all.pop();
  const label = all.join(' ');
  return label.length > letters ? `${label.slice(0, letters - 1).trimEnd()}…` : label;
}

/** "1 session", "3 sessions", "No sessions". */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n === 0 ? 'no' : n} ${n === 1 ? one : many}`;
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Bytes in the unit people use for memory and disks: "0.4 GB", "41 GB". */
export function gigabytes(bytes: number): string {
  const gb = bytes / 1024 ** 3;
  return gb >= 10 ? `${Math.round(gb)} GB` : `${gb.toFixed(1)} GB`;
}
