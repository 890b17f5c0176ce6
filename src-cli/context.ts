import { resolve } from 'node:path';
import type { Command } from 'commander';
import { defaultDataDir } from '../src-main/wheelhouse/dataDir';
import { connect, type Client } from './client';
import { jsonLine, type Io } from './output';

export interface CommonOptions {
  data?: string;
  json?: boolean;
}

export const dataDirOf = (options: CommonOptions): string => resolve(options.data ?? defaultDataDir());

export const clientOf = (options: CommonOptions): Client => connect(dataDirOf(options));

/** Every command takes these two. */
export const common = (command: Command): Command =>
  command
    .option('--data <dir>', 'the data folder (default: that of the app)')
    .option('--json', 'answer in JSON, for programs');

/** The answer: JSON for programs, words for people. */
export function answer<T>(io: Io, options: CommonOptions, value: T, words: (value: T) => string): void {
  io.out(options.json ? jsonLine(value) : words(value));
}
