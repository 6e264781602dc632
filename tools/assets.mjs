// Builds what the browser and the PDF writer get: node tools/assets.mjs
// Everything lands in app/static/dist (git-ignored): names carry a hash of their content, manifest.json says which
// is which. Only the TTF files keep their names: the PDF writer opens them by name. Nothing is fetched.
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, extname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as esbuild from "esbuild";
import * as sass from "sass";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const src = join(root, "app/static/src");
const dist = join(root, "app/static/dist");
const modules = join(root, "node_modules");
const started = Date.now();
const manifest = {};

const WEIGHTS = [400, 600, 700];
const RANGES = {
  vietnamese: "U+0102-0103,U+0110-0111,U+0128-0129,U+0168-0169,U+01A0-01A1,U+01AF-01B0,U+0300-0301,U+0303-0304,"
    + "U+0308-0309,U+0323,U+0329,U+1EA0-1EF9,U+20AB",
  latin: "U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+0304,U+0308,U+0329,U+2000-206F,U+20AC,"
    + "U+2122,U+2191,U+2193,U+2212,U+2215,U+FEFF,U+FFFD",
};
const PRINT_FONTS = { "400Regular": "BeVietnamPro_400Regular", "600SemiBold": "BeVietnamPro_600SemiBold", "700Bold": "BeVietnamPro_700Bold" };

function say(what, bytes) {
  console.log(`assets: ${what.padEnd(44)} ${bytes === undefined ? "" : `${(bytes / 1024).toFixed(1).padStart(8)} kB`}`);
}

function stamp(name, content) {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 10);
  const ending = extname(name);
  const hashed = `${name.slice(0, -ending.length)}.${hash}${ending}`;
  mkdirSync(dirname(join(dist, hashed)), { recursive: true });
  writeFileSync(join(dist, hashed), content);
  manifest[name] = hashed;
  say(hashed, content.length);
  return hashed;
}

function fonts() {
  const faces = [];
  for (const weight of WEIGHTS) {
    for (const [subset, range] of Object.entries(RANGES)) {
      const file = join(modules, `@fontsource/be-vietnam-pro/files/be-vietnam-pro-${subset}-${weight}-normal.woff2`);
      const name = stamp(`fonts/be-vietnam-pro-${subset}-${weight}.woff2`, readFileSync(file));
      faces.push(`@font-face{font-family:"Be Vietnam Pro";font-style:normal;font-weight:${weight};font-display:swap;`
        + `src:url("${name}") format("woff2");unicode-range:${range}}`);
    }
  }
  const expo = join(modules, "@expo-google-fonts/be-vietnam-pro");
  for (const [folder, name] of Object.entries(PRINT_FONTS)) {
    cpSync(join(expo, folder, `${name}.ttf`), join(dist, "fonts", `${name}.ttf`));
    say(`fonts/${name}.ttf`);
  }
  cpSync(join(expo, "LICENSE_FONT"), join(dist, "fonts", "LICENSE_FONT"));
  return faces.join("");
}

// The reader must be the very file that barcode-detector was written for: its own zxing-wasm, never another copy.
async function reader() {
  const detector = createRequire(join(modules, "barcode-detector/package.json"));
  const file = detector.resolve("zxing-wasm/reader/zxing_reader.wasm");
  const content = readFileSync(file);
  const { ZXING_WASM_SHA256 } = await import(pathToFileURL(join(modules, "barcode-detector/dist/es/ponyfill.js")).href);
  const found = createHash("sha256").update(content).digest("hex");
  if (found !== ZXING_WASM_SHA256) {
    throw new Error(`zxing_reader.wasm is ${found}, barcode-detector wants ${ZXING_WASM_SHA256}`);
  }
  return stamp("zxing_reader.wasm", content);
}

function styles(faces) {
  for (const name of readdirSync(join(src, "styles")).filter((each) => /^[^_].*\.scss$/.test(each)).sort()) {
    const { css } = sass.compile(join(src, "styles", name), { loadPaths: [modules], style: "compressed", quietDeps: true });
    const marked = css.startsWith("\uFEFF") ? css.slice(1) : css;
    stamp(name.replace(/\.scss$/, ".css"), Buffer.from(faces + marked.replace(/^@charset "UTF-8";/, "")));
  }
}

// The detector would ask a foreign host for its reader when nobody tells it where ours is. That address is taken out.
const noForeignHost = {
  name: "no-foreign-host",
  setup(build) {
    build.onLoad({ filter: /[\\/]barcode-detector[\\/]dist[\\/]es[\\/][^\\/]+\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8").replace(/https:\/\/[a-z.]*jsdelivr\.net\//g, "/no-foreign-host/"),
      loader: "js",
    }));
  },
};

// What the courier's page needs to open without a network, and what only its camera needs: shell.json, for the worker.
function shell(outputs) {
  const reached = (file, wanted, found = new Set()) => {
    found.add(file);
    for (const { path, kind } of outputs[file].imports) {
      if (!found.has(path) && wanted.includes(kind)) reached(path, wanted, found);
    }
    return found;
  };
  const start = Object.keys(outputs).find((file) => basename(outputs[file].entryPoint ?? "") === "courier.js");
  const page = reached(start, ["import-statement"]);
  const all = reached(start, ["import-statement", "dynamic-import"]);
  const name = (file) => relative(dist, join(root, file));
  const seen = Object.keys(manifest).filter((each) => /^(courier\.css|icons\.svg|mark\.svg|fonts\/.*)$/.test(each));
  return {
    files: [...[...page].map(name), ...seen.map((each) => manifest[each])].sort(),
    later: [...[...all].filter((file) => !page.has(file)).map(name), manifest["zxing_reader.wasm"]].sort(),
  };
}

async function worker() {
  const { outputFiles: [{ contents }] } = await esbuild.build({
    entryPoints: [join(src, "js/courier/worker.js")], bundle: true, format: "iife", target: ["chrome99", "safari15.4", "firefox100"],
    minify: true, charset: "utf8", write: false, logLevel: "warning", absWorkingDir: root,
  });
  stamp("worker.js", Buffer.from(contents));
}

async function scripts(wasm) {
  const entries = readdirSync(join(src, "js")).filter((each) => each.endsWith(".js")).sort();
  const built = await esbuild.build({
    entryPoints: entries.map((each) => join(src, "js", each)),
    outdir: dist,
    bundle: true,
    splitting: true,
    format: "esm",
    target: ["chrome99", "safari15.4", "firefox100"],
    minify: true,
    charset: "utf8",
    legalComments: "none",
    entryNames: "[name].[hash]",
    chunkNames: "chunk-[name].[hash]",
    define: { SCANNER_WASM: JSON.stringify(wasm) },
    plugins: [noForeignHost],
    metafile: true,
    logLevel: "warning",
    absWorkingDir: root,
  });
  for (const [path, output] of Object.entries(built.metafile.outputs)) {
    const file = relative(dist, join(root, path));
    manifest[entries.includes(basename(output.entryPoint ?? "")) ? basename(output.entryPoint) : file] = file;
    say(file, output.bytes);
  }
  writeFileSync(join(dist, "shell.json"), `${JSON.stringify(shell(built.metafile.outputs), null, 1)}\n`);
}

if (!existsSync(modules)) {
  console.error("assets: node_modules is missing; run npm ci --ignore-scripts first");
  process.exit(1);
}
rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
for (const picture of ["icons.svg", "mark.svg"]) stamp(picture, readFileSync(join(src, picture)));
for (const picture of readdirSync(join(src, "icons"))) stamp(picture, readFileSync(join(src, "icons", picture)));
styles(fonts());
await scripts(await reader());
await worker();
const ordered = Object.fromEntries(Object.entries(manifest).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(join(dist, "manifest.json"), `${JSON.stringify(ordered, null, 1)}\n`);
say(`done, ${Object.keys(ordered).length} files in ${((Date.now() - started) / 1000).toFixed(1)} s`);
