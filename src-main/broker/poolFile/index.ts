export { planImport } from './plan';
export { readPoolFile } from './read';
export { poolJsonSchema } from './schema';
export { writePoolFile } from './write';
