import type { Attention } from '@shared/action';
import { oneLine } from '../base/text';

/**
 * The words of a system notification. On Linux the body is markup to many desktops (Desktop Notifications
 * Specification, "Markup"), and escapes are shown as they stand by the others: an agent's words keep their look there,
 * but not the characters that make links and pictures.
 */
export function noticeText(
  item: Pick<Attention, 'title' | 'why'>,
  platform: NodeJS.Platform,
): { title: string; body: string } {
  const shown = (text: string, most: number): string => {
    const line = [...oneLine(text)].slice(0, most).join('');
    if (platform !== 'linux') return line;
    return line.replaceAll('<', '‹').replaceAll('>', '›').replaceAll('&', '＆');
  };
  return { title: shown(item.title, 120), body: shown(item.why, 240) };
}
