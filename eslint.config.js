// Lint rules. The zones below are the architecture: imports go down only, and a wrong import fails the check.
//   cli -> training, evaluation, plots -> vocoder -> synthesis -> checkpoint, engine -> models, kernel -> audio -> mel
//   -> formats, host -> diffusion
import eslint from "@eslint/js";
import { importX } from "eslint-plugin-import-x";
import tseslint from "typescript-eslint";

const below = {
  diffusion: [],
  host: ["engine"],
  formats: ["host"],
  mel: ["formats", "host", "audio"],
  audio: ["mel", "formats", "host"],
  kernel: ["models", "mel"],
  models: ["audio", "mel", "formats", "diffusion"],
  engine: ["host"],
};
const core = ["models", "kernel", "engine", "audio", "mel", "formats", "host", "diffusion"];

/** The rooms of src/, and which other rooms each may import from. */
const rooms = {
  ...below,
  checkpoint: core,
  synthesis: [...core, "checkpoint"],
  training: [...core, "checkpoint", "synthesis"],
  evaluation: [...core, "checkpoint", "synthesis"],
  plots: [...core, "evaluation"],
  cli: [...core, "checkpoint", "synthesis", "training", "evaluation", "plots"],
};

const zones = Object.entries(rooms).map(([room, allowed]) => ({
  target: `./src/${room}`,
  from: "./src",
  // errors.ts is the one module every room shares; vocoder.ts stands above synthesis and below the CLI
  except: [
    `./${room}`,
    "./errors.ts",
    ...(["cli", "evaluation"].includes(room) ? ["./vocoder.ts"] : []),
    ...allowed.map((name) => `./${name}`),
  ],
  message: `${room}/ may import only from: ${[room, "errors.ts", ...allowed].join(", ")}.`,
}));

export default tseslint.config(
  { ignores: ["dist/", "runs/", "coverage/", "test/fixtures/"] },
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
  { files: ["*.config.ts", "**/*.d.ts"], rules: { "import-x/no-default-export": "off" } },
  {
    files: ["**/*.js"],
    languageOptions: {
      globals: { process: "readonly", console: "readonly", URL: "readonly", performance: "readonly" },
    },
  },
);
