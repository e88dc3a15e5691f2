import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

// GraphiQL's style sheet carries 350 kB of fonts as data: URLs; the page uses the fonts of the system.
const withoutFonts = {
  postcssPlugin: 'without-fonts',
  AtRule: { 'font-face': (rule) => rule.remove() },
};

export default defineConfig({
  base: '/explorer/',
  resolve: {
    alias: {
      'react-style-singleton': fileURLToPath(new URL('src/style-singleton.js', import.meta.url)),
    },
  },
  css: { postcss: { plugins: [withoutFonts] } },
  build: {
    outDir: '../internal/explorer/dist',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1200,
    modulePreload: { polyfill: false },
    license: { fileName: 'licenses.md' },
    rolldownOptions: {
      checks: { moduleLevelDirective: false },
      output: { keepNames: true }, // GraphiQL makes the titles of its icons from the names of functions
    },
  },
});
