export { createControl } from './control';
export { createAttention } from './attention';
