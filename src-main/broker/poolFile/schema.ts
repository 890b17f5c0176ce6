import { z } from 'zod';
import { poolFileSchema } from '@shared/poolFile';

/** The published JSON Schema of pool files, made from the schema that runs. */
export function poolJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(poolFileSchema, { target: 'draft-2020-12', io: 'input' });
  return {
    $schema,
    title: 'Pools of Wheelhouse',
    description: 'As `wheelhouse pools export` writes it and `wheelhouse pools import` reads it.',
    ...schema,
  };
}
