import {
  isAlias,
  isCollection,
  isMap,
  isScalar,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type Node,
} from 'yaml';
import type { z } from 'zod';
import { poolFileBytes, poolFileSchema, type PoolFile } from '@shared/poolFile';
import { WheelhouseError } from '../../base/errors';

interface Fault {
  path: string;
  message: string;
  line: number;
}

/** Brackets within brackets, as the deepest field of a pool has them, with room to spare. */
const deepest = 20;
const faultsTold = 20;

/**
 * Reads a file of pools (YAML 1.2, and so JSON as well). bad_request with every fault: where it is in the file, by path
 * and line, and what is wrong there. Anchors and aliases are refused: nothing in a file may grow when it is read.
 */
export function readPoolFile(text: string): PoolFile {
  if (Buffer.byteLength(text) > poolFileBytes)
    throw new WheelhouseError('too_large', `A file of pools has at most ${poolFileBytes} bytes.`, {
      limit: poolFileBytes,
    });
  refuseDeep(text);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error', version: '1.2' });
  const lineAt = (offset: number): number => lines.linePos(offset).line;
  const faults: Fault[] = document.errors.map((error) => ({
    path: '',
    message: error.code === 'MULTIPLE_DOCS' ? 'a second document begins here; a file has one' : error.message,
    line: lineAt(error.pos[0]),
  }));
  if (faults.length === 0) faults.push(...unwanted(document, lineAt));
  if (faults.length > 0) throw refused(faults);
  const parsed = poolFileSchema.safeParse(document.toJS());
  if (parsed.success) return parsed.data;
  throw refused(parsed.error.issues.flatMap((issue) => faultsOf(issue, document, lineAt)));
}

/** The parser calls itself for every bracket; a file of nothing else would exhaust the stack. */
function refuseDeep(text: string): void {
  let depth = 0;
  let line = 1;
  for (const char of text) {
    if (char === '\n') line += 1;
    else if (char === '[' || char === '{') depth += 1;
    else if ((char === ']' || char === '}') && depth > 0) depth -= 1;
    if (depth > deepest) throw refused([{ path: '', message: `more than ${deepest} brackets are open`, line }]);
  }
  line = 0;
  for (const each of text.split('\n')) {
    line += 1;
    const indent = /^[ \t]*((-|\?)[ \t]+)*/.exec(each)?.[0] ?? '';
    if (indent.replaceAll(/[^-?]/g, '').length > deepest || indent.length > 200)
      throw refused([{ path: '', message: 'it is nested too deeply', line }]);
  }
}

function unwanted(document: Document, lineAt: (offset: number) => number): Fault[] {
  const faults: Fault[] = [];
  visit(document, {
    Node: (_, node) => {
      if (isAlias(node) || node.anchor !== undefined)
        faults.push({ path: '', message: 'anchors and aliases are not read', line: lineAt(node.range?.[0] ?? 0) });
    },
  });
  return faults;
}

/** One for each field that an issue is about, on the line of the nearest thing that is in the file. */
function faultsOf(issue: z.core.$ZodIssue, document: Document, lineAt: (offset: number) => number): Fault[] {
  const path = issue.path.filter((part): part is string | number => typeof part !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: pathWords([...path, key]),
      message: 'there is no such field',
      line: lineAt(keyOffset(document, path, key)),
    }));
  }
  const value = document.getIn(path, true) as Node | undefined;
  const missing = value === undefined && issue.code === 'invalid_type';
  return [
    {
      path: pathWords(path),
      message: missing ? 'it is missing' : issue.message.replace(/^Invalid input: /, ''),
      line: lineAt(offsetOf(document, path)),
    },
  ];
}

function keyOffset(document: Document, path: readonly (string | number)[], key: string): number {
  const map = path.length === 0 ? document.contents : document.getIn(path, true);
  const pair = isMap(map) ? map.items.find((item) => isScalar(item.key) && String(item.key.value) === key) : undefined;
  return isScalar(pair?.key) ? (pair.key.range?.[0] ?? 0) : offsetOf(document, path);
}

function offsetOf(document: Document, path: readonly (string | number)[]): number {
  for (let length = path.length; length > 0; length--) {
    const parent = path.slice(0, length - 1);
    const key = path[length - 1];
    // A block's value begins on the line after its key; the key is what people look for.
    if (typeof key === 'string' && document.hasIn(path.slice(0, length))) return keyOffset(document, parent, key);
    const node = document.getIn(path.slice(0, length), true) as Node | undefined;
    if (node?.range) return node.range[0];
  }
  return isCollection(document.contents) ? (document.contents.range?.[0] ?? 0) : 0;
}

const pathWords = (path: readonly (string | number)[]): string =>
  path.map((part, at) => (typeof part === 'number' ? `[${part}]` : at === 0 ? part : `.${part}`)).join('');

function refused(faults: readonly Fault[]): WheelhouseError {
  const details = faults.slice(0, faultsTold).map(({ path, message, line }) => ({
    path,
    message: `line ${line}: ${message}`,
  }));
  const [first] = details;
  const more = faults.length > 1 ? ` There are ${faults.length} faults in all.` : '';
  const where = first?.path ? `${first.path}, ` : '';
  return new WheelhouseError('bad_request', `This is no file of pools: ${where}${first?.message ?? ''}.${more}`, {
    details,
    lines: faults.slice(0, faultsTold).map((fault) => fault.line),
  });
}
