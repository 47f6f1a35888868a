// What onnxruntime makes of the models' layers: depthwise convolution, GELU and layer normalisation are one operator each,
// a Linear layer is one Gemm with its bias, and nothing computes shapes while the graph runs.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import * as tf from "@tensorflow/tfjs";
import { InferenceSession } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { convNextBlock } from "../../../src/models/layers/conv-next-block.js";
import { convNextBlockWeights } from "../../../src/models/layers/shapes.js";
import { weightsOf } from "../../../src/models/weights.js";
import { ModelProtoSchema } from "../../../src/engine/trace/onnx/onnx_pb.js";
import { traceToOnnx } from "../../../src/engine/trace/onnx-model.js";
import { frames, type Signature, type TensorFunction } from "../../../src/engine/engine.js";
import { randomValue } from "../values.js";

const block: TensorFunction = ({ x }, weights) => ({ y: convNextBlock(weightsOf(weights), x, 2) });

const signature: Signature = {
  inputs: { x: { shape: [1, frames(), 16] } },
  weights: Object.fromEntries(
    convNextBlockWeights({ channels: 16, expanded: 48 }).map(({ name, shape }, index) => [
      name,
      randomValue(index, shape),
    ]),
  ),
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

describe("the optimised graph of a ConvNeXt block", () => {
  it("holds one operator a layer", async () => {
    await tf.setBackend("cpu");
    const operators = await optimisedOperators(traceToOnnx(block, signature));
    // how a convolution's channels come in order depends on the processor
    const computing = operators.filter((name) => !/^(Reshape|Transpose|Reorder(In|Out)put)$/.test(name));
    // at the end the gain and the residual
    const expected = ["Conv", "LayerNormalization", "Gemm", "Gelu", "Gemm", "Mul", "Add"];
    expect(computing.sort()).toEqual(expected.sort());
  });
});
