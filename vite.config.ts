import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

/** Every file that lies directly in app/<feature>/client/; folders below it are internal to the feature. */
function clientFiles(extensions: RegExp): string[] {
  return readdirSync('app', { withFileTypes: true })
    .filter((feature) => feature.isDirectory())
    .flatMap((feature) => {
      const folder = join('app', feature.name, 'client');
      try {
        return readdirSync(folder, { withFileTypes: true })
          .filter((file) => file.isFile() && extensions.test(file.name) && !file.name.endsWith('.d.ts'))
          .map((file) => `${folder}/${file.name}`);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
        throw error;
      }
    })
    .sort();
}

/** "app/learning/client/lesson.css" becomes "learning-lesson". */
function entryName(file: string): string {
  const [, feature, , name] = file.split('/') as [string, string, string, string];
  return `${feature}-${name.replace(/\.\w+$/, '')}`;
}

/** Small modules of ours that several pages' scripts use, and Vite's helper; what is loaded on demand stays in files of its own. */
function isSharedPart(id: string): boolean {
  return id.includes('vite/preload-helper') || /\/app\/\w+\/client\/(behaviors|offline|parts|player)\/.+\.ts$/.test(id);
}

/** What only the pages of a webinar share is a file of its own, so that a lesson does not carry it. */
function isRoomPart(id: string): boolean {
  return /\/app\/(webinars|room|stage|attendance|recordings)\/client\/parts\/.+\.ts$/.test(id);
}

/** Pictures that templates name themselves (the icon sprite) get a hashed name and a line in the manifest too. */
function standingFiles(): Plugin {
  return {
    name: 'gurindam-standing-files',
    buildStart() {
      for (const file of clientFiles(/\.(svg|png|webp|woff2)$/)) {
        this.addWatchFile(file);
        this.emitFile({
          type: 'asset',
          name: `${entryName(file)}${file.slice(file.lastIndexOf('.'))}`,
          originalFileName: file,
          source: readFileSync(file),
        });
      }
    },
  };
}

/** Texts are packed once here; the server hands out the packed file as it is. */
function packedCopies(): Plugin {
  return {
    name: 'gurindam-packed-copies',
    writeBundle({ dir }, files) {
      for (const name of Object.keys(files).filter((file) => /\.(js|css|svg)$/.test(file))) {
        const path = join(dir as string, name);
        const content = readFileSync(path);
        writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
        writeFileSync(`${path}.br`, brotliCompressSync(content));
      }
    },
  };
}

export default defineConfig({
  root: import.meta.dirname,
  base: '/static/dist/',
  publicDir: false,
  plugins: [standingFiles(), packedCopies()],
  build: {
    outDir: 'app/ui/static/dist',
    // What earlier builds left stays: a page opened before an update may still ask for it, and `make clean` removes it.
    emptyOutDir: false,
    manifest: 'manifest.json',
    // The oldest versions named in docs/browsers.md.
    target: ['chrome111', 'edge111', 'firefox121', 'safari16.4'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
    rollupOptions: {
      input: Object.fromEntries(
        clientFiles(/\.(ts|css)$/).map((file) => [
          file.endsWith('.css') ? `${entryName(file)}-style` : entryName(file),
          file,
        ]),
      ),
      output: {
        entryFileNames: '[name]-[hash].js',
        chunkFileNames: 'shared-[name]-[hash].js',
        assetFileNames: '[name]-[hash][extname]',
        // What entries share of ours is a few kB in many small modules: one file, one request.
        codeSplitting: {
          groups: [
            // The parts of all pages first: what the room's parts import of them would otherwise go along into the room's file.
            { name: 'parts', test: (id: string) => isSharedPart(id) && !isRoomPart(id), minShareCount: 2, priority: 2 },
            { name: 'room', test: isRoomPart, minShareCount: 2, priority: 1 },
          ],
        },
      },
    },
  },
});
