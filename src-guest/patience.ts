/** How much longer than usual this machine may take to start: more than 1 where its processor is emulated. */
export const patience = Math.max(1, Number(process.env['WHEELHOUSE_PATIENCE']) || 1);
