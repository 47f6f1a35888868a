// What onnxruntime makes of the models' layers: GELU and layer normalisation are one operator each, a Linear layer is
// one Gemm with its bias, and nothing computes shapes while the graph runs.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import * as tf from "@tensorflow/tfjs";
import { InferenceSession } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { gelu } from "../../../src/models/layers/gelu.js";
import { layerNorm } from "../../../src/models/layers/layer-norm.js";
import { ModelProtoSchema } from "../../../src/runtime/graph/onnx/onnx_pb.js";
import { traceToOnnx } from "../../../src/runtime/graph/trace-to-onnx.js";
import { frames, type Signature, type TensorFunction } from "../../../src/runtime/runtime.js";
import { randomValue } from "../values.js";

/** Layer norm → Linear → GELU → Linear → residual, as in a ConvNeXt block. */
const block: TensorFunction = ({ x }, { scale, shift, up, upBias, down, downBias }) => {
  const rows = tf.reshape(layerNorm(x, scale, shift), [-1, 16]);
  const hidden = gelu(tf.add(tf.matMul(rows, up), upBias));
  return { y: tf.add(x, tf.reshape(tf.add(tf.matMul(hidden, down), downBias), x.shape)) };
};

const signature: Signature = {
  inputs: { x: { shape: [1, frames(), 16] } },
  weights: {
    scale: randomValue(1, [16]),
    shift: randomValue(2, [16]),
    up: randomValue(3, [16, 48]),
    upBias: randomValue(4, [48]),
    down: randomValue(5, [48, 16]),
    downBias: randomValue(6, [16]),
  },
};

/** The operators of the graph that onnxruntime runs. */
async function optimisedOperators(model: Uint8Array): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "vocode-fusion-"));
  try {
    const optimizedModelFilePath = join(folder, "optimised.onnx");
    const options = { optimizedModelFilePath, logSeverityLevel: 3 } as const;
    await (await InferenceSession.create(model, options)).release();
    const { graph } = fromBinary(ModelProtoSchema, readFileSync(optimizedModelFilePath));
    return graph!.node.map(({ opType }) => opType);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("the optimised graph of a ConvNeXt block's products", () => {
  it("holds one operator a layer", async () => {
    await tf.setBackend("cpu");
    const operators = await optimisedOperators(traceToOnnx(block, signature));
    expect(operators.sort()).toEqual(
      ["Add", "Gelu", "Gemm", "Gemm", "LayerNormalization", "Reshape", "Reshape"].sort(),
    );
  });
});
