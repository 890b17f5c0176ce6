import type { Tool as McpTool } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { WheelhouseError } from '../base/errors';
import type { Tool } from './tool';

/** A tool as MCP lists it. Made once: schemas never change while the program runs. */
export function listing(
  tool: { name: string; title: string; description: string; input: z.ZodObject },
  annotations: McpTool['annotations'],
): McpTool {
  const { $schema: _, ...inputSchema } = z.toJSONSchema(tool.input, { io: 'input' });
  return {
    name: tool.name,
    title: tool.title,
    description: tool.description,
    inputSchema: inputSchema as McpTool['inputSchema'],
    annotations,
  };
}

export const annotationsOf = (tool: Tool): McpTool['annotations'] => ({
  title: tool.title,
  readOnlyHint: tool.kind === 'read',
  ...(tool.kind === 'act' && { destructiveHint: tool.destructive, idempotentHint: false }),
  openWorldHint: false,
});

/** What a path means to the agent: `keys[0]`. */
const pathWords = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text ? `${text}.${String(part)}` : String(part)),
    '',
  );

/** Checks what came in; bad_request says every fault by parameter, and what there is instead of an unknown one. */
export function parseArguments<S extends z.ZodObject>(tool: { name: string; input: S }, raw: unknown): z.output<S> {
  const parsed = tool.input.safeParse(raw ?? {});
  if (parsed.success) return parsed.data;
  const details = parsed.error.issues.slice(0, 10).map((issue) => ({
    path: pathWords(issue.path).slice(0, 200),
    message:
      issue.code === 'unrecognized_keys'
        ? `unknown parameter ${issue.keys
            .slice(0, 5)
            .map((key) => JSON.stringify(key.slice(0, 60)))
            .join(', ')}; ${known(tool.input)}`
        : issue.message,
  }));
  const sentence = details.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('. ');
  throw new WheelhouseError('bad_request', `Wrong parameters for ${tool.name}. ${sentence}.`, { details });
}

function known(input: z.ZodObject): string {
  const names = Object.keys(input.shape);
  return names.length === 0 ? 'it takes none' : `it takes ${names.join(', ')}`;
}
