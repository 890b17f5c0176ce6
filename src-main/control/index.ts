export { createControl, type ControlDeps } from './control';
export { createAttention } from './attention';
