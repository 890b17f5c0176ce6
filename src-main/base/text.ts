/** Control characters, line ends and what turns the reading direction; joiners that scripts and emoji need stay. */
const disturbing = /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]+/gu;

/** Text of an agent or a guest as one line that stays in its place, wherever it is shown. */
export const oneLine = (text: string): string => text.replace(disturbing, ' ').trim();
