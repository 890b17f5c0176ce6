import { describe, expect, it, vi } from 'vitest';
import { parsedRows } from './parsedRows';

describe('parsed rows', () => {
  const row = (id: string, text: string) => ({ id, text });
  it('judges a row once, and again when a column is another', () => {
    const parse = vi.fn<(raw: unknown) => object>((raw) => ({ ...(raw as object) }));
    const read = parsedRows(parse);
    expect(read(row('a', 'one'))).toBe(read(row('a', 'one')));
    expect(parse).toHaveBeenCalledTimes(1);
    expect(read(row('a', 'two'))).toEqual(row('a', 'two'));
    expect(read(row('a', 'one'))).toEqual(row('a', 'one'));
    expect(parse).toHaveBeenCalledTimes(3);
  });
  it('shares what nobody can change, and forgets what it has no room for', () => {
    const parse = vi.fn<(raw: unknown) => object>((raw) => ({ ...(raw as object) }));
    const read = parsedRows(parse, 2);
    expect(() => Object.assign(read(row('a', 'x')), { text: 'y' })).toThrow(TypeError);
    read(row('b', 'x'));
    read(row('c', 'x'));
    read(row('a', 'x'));
    expect(parse).toHaveBeenCalledTimes(4);
  });
});
