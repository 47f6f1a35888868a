// Lint rules. The zones below are the architecture: imports go down only, and a wrong import fails the check.
//   cli -> training, evaluation, plots, fleet -> host, vocoder -> synthesis -> checkpoint, engine -> models, kernel -> audio -> mel
//   -> formats -> diffusion
import eslint from "@eslint/js";
import { importX } from "eslint-plugin-import-x";
import tseslint from "typescript-eslint";

const below = {
  diffusion: [],
  formats: ["diffusion"],
  mel: ["formats"],
  audio: ["mel", "formats"],
  kernel: ["models", "mel", "formats"],
  models: ["audio", "mel", "formats", "diffusion", "kernel"],
  engine: ["models", "formats"],
};
const core = ["models", "kernel", "engine", "audio", "mel", "formats", "diffusion"];

/** The rooms of src/, and which other rooms each may import from. */
const rooms = {
  ...below,
  checkpoint: core,
  synthesis: [...core, "checkpoint"],
  host: [...core, "checkpoint", "synthesis"],
  training: [...core, "checkpoint", "synthesis", "host"],
  evaluation: [...core, "checkpoint", "synthesis", "host"],
  plots: [...core, "evaluation", "host"],
  server: [...core, "checkpoint", "synthesis"],
  fleet: [...core, "checkpoint", "host"],
  cli: [...core, "checkpoint", "synthesis", "host", "training", "evaluation", "plots", "server", "fleet"],
};

/** The modules above the rooms: vocoder.ts on a host, node.ts for Node. host.ts is an interface only. */
const modules = {
  synthesis: ["host.ts", "host/thread-pool.ts"],
  host: ["host.ts"],
  training: ["host.ts"],
  evaluation: ["host.ts", "vocoder.ts", "node.ts"],
  server: ["vocoder.ts"],
  cli: ["vocoder.ts", "node.ts"],
};

const zones = Object.entries(rooms).map(([room, allowed]) => ({
  target: `./src/${room}`,
  from: "./src",
  except: [room, "errors.ts", ...(modules[room] ?? []), ...allowed].map((name) => `./${name}`),
  message: `${room}/ may import only from: ${[room, "errors.ts", ...allowed].join(", ")}.`,
}));

/** Files of src/ that may use Node; all others are the core, which tsconfig.core.json compiles without it. */
const forNode = [
  ...["index", "node", "worker"].map((name) => `src/${name}.ts`),
  "src/host/node/**/*.ts",
  "src/server/**/*.ts",
  "src/fleet/**/*.ts",
  "src/cli/**/*.ts",
  "src/training/corpus/**/*.ts",
  ...["run-folder", "store"].map((name) => `src/training/${name}.ts`),
  ...["clip-files", "evaluate"].map((name) => `src/evaluation/${name}.ts`),
  "src/evaluation/benchmark/{machine,peak-memory-process,results-file,run-benchmark}.ts",
  "src/plots/figure-file.ts",
];

/** Files that may import tfjs: networks in tensors, the engines and training. */
const forTensors = [
  "src/models/**/{graph,grid,training}.ts",
  "src/models/layers/**/*.ts",
  "src/engine/**/*.ts",
  "src/training/**/*.ts",
  // the functions that are compiled from the networks
  "src/synthesis/{export,network-functions}.ts",
];

const platforms = {
  node: { group: ["node:*"], message: "The core knows no platform: ask the Host, or work in host/node." },
  threads: { group: ["node:worker_threads"], message: "Threads belong to host/." },
  onnxruntime: { group: ["onnxruntime-*"], message: "onnxruntime belongs to host/." },
  tensors: {
    group: ["@tensorflow/*"],
    allowTypeImports: true,
    message: "tfjs belongs to models' graphs, engine/ and training/.",
  },
};
const { node, threads, onnxruntime, tensors } = platforms;

/** Which files may import what of the platform; of several that name a file the last one counts. */
const platformRules = [
  [["src/**/*.ts"], [node, onnxruntime, tensors]],
  [forTensors, [node, onnxruntime]],
  [forNode, [threads, onnxruntime, tensors]],
  [["src/training/{corpus/**/*,run-folder,store}.ts"], [threads, onnxruntime]],
  // its thread renews locks, and has no part in computing
  [["src/fleet/locks.ts"], [onnxruntime, tensors]],
  [["src/host/**/*.ts", "src/worker.ts"], []],
  [["src/web.ts", "src/web-worker.ts", "src/host/web/**/*.ts"], [node]],
].map(([files, patterns]) => ({
  files,
  rules: { "@typescript-eslint/no-restricted-imports": ["error", { patterns }] },
}));

export default tseslint.config(
  { ignores: ["dist/", "runs/", "coverage/", "test/fixtures/", "src/globals.d.ts"] },
  eslint.configs.recommended,
  ...tseslint.configs.strictTypeChecked.map((config) => ({ ...config, files: ["**/*.ts"] })),
  {
    files: ["**/*.ts"],
    plugins: { "import-x": importX },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    settings: {
      "import-x/resolver": { typescript: true, node: { extensions: [".ts", ".js"] } },
      "import-x/extensions": [".ts", ".js"],
    },
    rules: {
      "import-x/no-restricted-paths": ["error", { zones }],
      "import-x/no-default-export": "error",
      "import-x/no-cycle": "error",
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/no-unnecessary-condition": "off",
    },
  },
  ...platformRules,
  { files: ["*.config.ts", "**/*.d.ts"], rules: { "import-x/no-default-export": "off" } },
  {
    files: ["**/*.js", "**/*.mjs"],
    languageOptions: {
      globals: { process: "readonly", console: "readonly", URL: "readonly", performance: "readonly" },
    },
  },
);
