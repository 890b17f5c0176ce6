const controlCharacters = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

/** Text of an agent or a guest, made fit for one line: no control or direction characters, no marks of ours, cut at `most`. */
export function plain(text: string, most = 60): string {
  const line = text.replace(controlCharacters, ' ').replace(/\*+/g, '·').trim();
  const characters = [...line];
  return characters.length > most ? `${characters.slice(0, most - 1).join('')}…` : line;
}

/** The target of a row, between the marks that make it bold. */
export const target = (text: string, most?: number): string => `**${plain(text, most) || '…'}**`;

const secretFlag =
  /((?:pass(?:word|wd)?|pwd|secret|token|api[-_]?key|auth(?:orization)?|credential)[\w-]*["']?\s*[=:\s]\s*["']?)(?:bearer\s+|basic\s+)?[^\s"']+/gi;
const bearer = /\b(bearer|basic)\s+[A-Za-z0-9+/=._~-]{8,}/gi;
const userInfo = /(\w+:\/\/[^\s:/@]+:)[^\s@]+@/g;

/** A command for the record's sentence; what looks like a secret is cut out before anything is stored. */
export const commandWords = (command: string): string =>
  target(command.replace(secretFlag, '$1•••').replace(bearer, '$1 •••').replace(userInfo, '$1•••@'), 80);

export const count = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;
