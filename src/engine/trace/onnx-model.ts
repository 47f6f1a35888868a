// Writes a graph as an ONNX model (https://onnx.ai/onnx/repo-docs/IR.html) with ONNX's own protobuf schema.
import { create, toBinary } from "@bufbuild/protobuf";
import type { DataType } from "@tensorflow/tfjs-core";
import type { Graph, Port } from "./graph.js";
import { onnxTypes } from "./kernels/nodes.js";
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataType,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "./onnx/onnx_pb.js";
import type { Attribute, Constant, ConstantType, GraphNode } from "./recorder.js";
import type { Signature, TensorFunction } from "../engine.js";
import { checkQuantised } from "../signature.js";
import { traceToGraph } from "./frame-dimension.js";
import { observeInputs, quantiseProducts } from "./quantise.js";

/** The operator set that the kernels are written for: the first with Gelu. */
const opsetVersion = 20;

/** ONNX's numbers of the types that tfjs does not have. */
const otherTypes = {
  uint8: TensorProto_DataType.UINT8,
  int8: TensorProto_DataType.INT8,
  float16: TensorProto_DataType.FLOAT16,
};

/** The file format's version that belongs to this operator set. */
const irVersion = 9;

/**
 * The model as bytes of a .onnx file.
 *
 * @param metadata entries of its metadata_props
 */
export function encodeModel(graph: Graph, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const model = create(ModelProtoSchema, {
    irVersion: BigInt(irVersion),
    producerName: "vocode",
    opsetImport: [{ domain: "", version: BigInt(opsetVersion) }, ...otherDomains(graph)],
    metadataProps: Object.entries(metadata).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value }),
    ),
    graph: {
      name: "vocode",
      node: graph.nodes.map(encodeNode),
      initializer: [...graph.constants].map(([name, constant]) => encodeTensor(name, constant)),
      valueInfo: knownValues(graph).map(encodePort),
      input: graph.inputs.map(encodePort),
      output: graph.outputs.map(encodePort),
    },
  });
  return toBinary(ModelProtoSchema, model);
}

/** The shapes of values between the nodes. */
function knownValues({ nodes, values, outputs }: Graph): Port[] {
  const isOutput = new Set(outputs.map(({ name }) => name));
  return nodes
    .flatMap((node) => node.outputs)
    .filter((name) => !isOutput.has(name))
    .map((name) => values.get(name))
    .filter((port) => port !== undefined);
}

/** onnxruntime's own operators have one version. */
function otherDomains({ nodes }: Graph): { domain: string; version: bigint }[] {
  const domains = new Set(nodes.map(({ domain }) => domain));
  return [...domains].filter((name) => name !== undefined).map((domain) => ({ domain, version: 1n }));
}

function encodeNode(node: GraphNode): NodeProto {
  return create(NodeProtoSchema, {
    name: `${node.origin}/${node.outputs[0]}`,
    opType: node.operator,
    domain: node.domain ?? "",
    input: [...node.inputs],
    output: [...node.outputs],
    attribute: Object.entries(node.attributes).map(([name, value]) => encodeAttribute(name, value)),
  });
}

function encodeAttribute(name: string, value: Attribute): AttributeProto {
  const Type = AttributeProto_AttributeType;
  if ("int" in value) return create(AttributeProtoSchema, { name, type: Type.INT, i: BigInt(value.int) });
  if ("float" in value) return create(AttributeProtoSchema, { name, type: Type.FLOAT, f: value.float });
  if ("ints" in value) {
    return create(AttributeProtoSchema, { name, type: Type.INTS, ints: value.ints.map(BigInt) });
  }
  return create(AttributeProtoSchema, {
    name,
    type: Type.STRING,
    s: new TextEncoder().encode(value.text),
  });
}

function encodeTensor(name: string, { values, shape, type }: Constant): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dims: shape.map(BigInt),
    dataType: elementType(type),
    rawData: rawData(values, type),
  });
}

/** Little-endian bytes, as ONNX wants them and as every platform of Node has them. */
function rawData(values: Constant["values"], type: ConstantType): Uint8Array {
  if (type === "bool" || type === "uint8" || type === "int8") return Uint8Array.from(values);
  if (values instanceof Uint16Array)
    return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const array = type === "int32" ? BigInt64Array.from(values, BigInt) : floats(values);
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function floats(values: Constant["values"]): Float32Array {
  return values instanceof Float32Array ? values : Float32Array.from(values);
}

function encodePort({ name, shape, type }: Port): ValueInfoProto {
  const dim = shape.map((size) =>
    create(TensorShapeProto_DimensionSchema, {
      value:
        typeof size === "number"
          ? { case: "dimValue", value: BigInt(size) }
          : { case: "dimParam", value: size },
    }),
  );
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: "tensorType", value: { elemType: elementType(type), shape: { dim } } } },
  });
}

function elementType(type: ConstantType): number {
  const number =
    type in otherTypes ? otherTypes[type as keyof typeof otherTypes] : onnxTypes[type as DataType];
  if (number === undefined) throw new Error(`ONNX graphs here hold no tensors of type ${type}`);
  return number;
}

// From a function of tensors to the bytes of an ONNX file: what the graph engine runs, and what an export writes.

/**
 * Traces a function and writes it as an ONNX model. Inputs and state are the model's inputs by their names, weights its
 * initialisers, results its outputs; a state tensor's next value is the output "next.<name>".
 *
 * @param metadata facts about the model, kept in its metadata_props
 * @param finish what is done to the graph last
 * @throws UnsupportedKernelError, FrameDependenceError, SignatureError
 */
export function traceToOnnx(
  fn: TensorFunction,
  signature: Signature,
  metadata: Readonly<Record<string, string>> = {},
  finish: (graph: Graph) => Graph = (graph) => graph,
): Uint8Array {
  checkQuantised(signature);
  const graph = observeInputs(traceToGraph(fn, signature), signature.observed);
  return encodeModel(finish(quantiseProducts(graph, signature.quantised)), metadata);
}
