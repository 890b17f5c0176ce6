import { describe, expect, it } from 'vitest';
import { plainWords, shortWords, splitWords } from './words';

describe('splitWords', () => {
  it('bolds what stands between marks', () => {
    expect(splitWords('Clicked **Save** in **Notes**')).toEqual([
      { text: 'Clicked ', bold: false },
      { text: 'Save', bold: true },
      { text: ' in ', bold: false },
      { text: 'Notes', bold: true },
    ]);
  });
  it('leaves an odd mark and markup as text', () => {
    expect(splitWords('Clicked **<b>x')).toEqual([{ text: 'Clicked **<b>x', bold: false }]);
    expect(splitWords('a **b** c ** d')).toEqual([
      { text: 'a ', bold: false },
      { text: 'b', bold: true },
      { text: ' c ** d', bold: false },
    ]);
    expect(plainWords('Ran **rm -rf**')).toBe('Ran rm -rf');
  });
});

describe('shortWords', () => {
  it('keeps at most four words and drops a dangling one', () => {
    expect(shortWords('Typing in **Note to the customer**')).toBe('Typing in Note');
    expect(shortWords('Clicked **Save**')).toBe('Clicked Save');
  });
  it('cuts long words', () => {
    expect(shortWords('Opened **averyveryverylongnamewithoutanyspaces.txt**').length).toBe(28);
  });
});
