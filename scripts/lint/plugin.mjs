import { relative, sep } from 'node:path';
import { root } from '../lib/paths.mjs';
import { refusal } from './layers.mjs';

/** Keeps the layers of the architecture: base → store, sandbox, guest → broker … → channel, server → ipc → app. */
const layers = {
  create(context) {
    const from = relative(root, context.filename).split(sep).join('/');
    const check = (node, kind) => {
      if (typeof node.source?.value !== 'string') return;
      const why = refusal(from, node.source.value, kind === 'type');
      if (why) context.report({ node, message: `Layer broken: ${why}.` });
    };
    return {
      ImportDeclaration: (node) => check(node, node.importKind),
      ExportNamedDeclaration: (node) => check(node, node.exportKind),
      ExportAllDeclaration: (node) => check(node, node.exportKind),
      ImportExpression: (node) => check(node, 'value'),
    };
  },
};

export default { meta: { name: 'wheelhouse' }, rules: { layers } };
