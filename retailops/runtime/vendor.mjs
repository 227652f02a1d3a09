// Copy the browser files that the pages load from node_modules to static/vendor: no bundler, nothing is transformed.
// Only the source-map comments go: their maps are not served, and hashed static storage refuses dangling references.
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const target = join(root, "static", "vendor");
const files = [
  "@tabler/core/dist/css/tabler.min.css",
  "@tabler/core/dist/css/tabler-vendors.min.css",
  "@tabler/core/dist/js/tabler.min.js",
  "@tabler/core/dist/js/tabler-theme.min.js",
  "chart.js/dist/chart.umd.min.js",
];
const fonts = ["@fontsource-variable/inter/files/inter-latin-wght-normal.woff2", "@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2"];
const sourceMapComment = /\n?(\/\/# sourceMappingURL=\S+|\/\*# sourceMappingURL=\S+ \*\/)\s*$/;

await rm(target, { recursive: true, force: true });
await mkdir(target, { recursive: true });
for (const file of files) {
  const text = await readFile(join(root, "node_modules", file), "utf8");
  await writeFile(join(target, basename(file)), text.replace(sourceMapComment, "\n"));
}
for (const font of fonts) await copyFile(join(root, "node_modules", font), join(target, basename(font)));
