/** Whose colour a thing wears: see styles/tokens.css, `data-role`. */
export type Role = 'agent' | 'you' | 'other' | 'trouble' | 'nobody' | 'fine';
