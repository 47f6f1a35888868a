// Rewrites a checkpoint with float16 weights, half the size, as those that ship are stored:
//   npm run build && node scripts/halve-checkpoint.js FROM TO
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { checkpointFiles } from "../dist/checkpoint/checkpoint.js";
import { loadCheckpoint, saveCheckpoint } from "../dist/host/node/checkpoints.js";

const [from, to] = process.argv.slice(2);
const card = await readFile(join(from, checkpointFiles.card), "utf8");
await saveCheckpoint(to, await loadCheckpoint(from), card, "float16");
