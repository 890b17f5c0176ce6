export { createTimeline, type TimelineDeps, type TimelineLimits, type TimelineService } from './timeline';
export { createHumanRecorder, type HumanRecorder } from './human';
export { wordsFor } from './words';
export { maskArguments, maskText } from './mask';
