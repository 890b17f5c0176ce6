export { createControl, type ControlDeps, type ControlService } from './control';
export { createAttention, type AttentionService } from './attention';
