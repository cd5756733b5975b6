// Type-checked lint for all TypeScript, plus the directions between packages and rooms. Formatting is Prettier's.
import js from '@eslint/js';
import tseslint from 'typescript-eslint';
import { folderSize, importCircles } from './tools/lint/import-circles.mjs';
import { plainNames } from './tools/lint/plain-names.mjs';
import { roomOrder } from './tools/lint/room-order.mjs';

export default tseslint.config(
  { ignores: ['**/node_modules/', '**/dist/', '**/build/', 'examples/**/runs/', 'runs/'] },
  {
    files: ['**/*.ts'],
    extends: [js.configs.recommended, tseslint.configs.recommendedTypeChecked],
    plugins: { retroplume: { rules: { 'room-order': roomOrder, 'import-circles': importCircles, 'folder-size': folderSize } } },
    rules: {
      'retroplume/room-order': 'error',
      'retroplume/import-circles': 'error',
      'retroplume/folder-size': 'error',
      eqeqeq: 'error',
      'no-console': 'error',
      'max-lines': ['error', { max: 400, skipBlankLines: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none' }],
    },
  },
  ...['packages/native', 'packages/core', 'packages/cli', 'test', 'tools'].map((folder) => ({
    files: [`${folder}/**/*.ts`],
    languageOptions: { parserOptions: { project: `${folder}/tsconfig.test.json`, tsconfigRootDir: import.meta.dirname } },
  })),
  {
    files: ['**/*.test.ts', '**/*.cases.ts', 'test/**/*.ts', '**/testing/**'],
    rules: { 'no-console': 'off', 'max-lines': 'off', '@typescript-eslint/explicit-module-boundary-types': 'off' },
  },
  {
    files: ['packages/*/src/**/*.ts'],
    ignores: ['**/*.test.ts', '**/testing/**'],
    plugins: { names: { rules: { plain: plainNames } } },
    rules: { 'names/plain': 'error' },
  },
  {
    files: ['packages/cli/src/**/*.ts'],
    ignores: ['**/*.test.ts', '**/src/terminal.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: "MemberExpression[object.object.name='process'][object.property.name=/^std(out|err)$/][property.name='write']",
          message: 'Print with writeOut or writeErr of terminal.ts: a terminal takes some characters of names for commands.',
        },
      ],
    },
  },
  {
    files: ['**/*.{mjs,cjs}'],
    extends: [js.configs.recommended],
    languageOptions: {
      sourceType: 'module',
      globals: {
        process: 'readonly',
        console: 'readonly',
        Buffer: 'readonly',
        setTimeout: 'readonly',
        URL: 'readonly',
        performance: 'readonly',
        globalThis: 'readonly',
      },
    },
  },
  // The page's script: tsc looks for names, in all of its files together.
  {
    files: ['packages/core/templates/report/*.js'],
    extends: [js.configs.recommended],
    languageOptions: { sourceType: 'script' },
    rules: { eqeqeq: 'error', 'no-undef': 'off', 'no-unused-vars': 'off' },
  },
  { files: ['**/*.cjs'], languageOptions: { sourceType: 'commonjs', globals: { require: 'readonly', module: 'writable', __dirname: 'readonly' } } },
);
