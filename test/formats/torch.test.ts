// The tensors of files of torch.save, from pickles written here opcode by opcode: none is lost in a large file, and what
// cannot be searched is refused. Files that PyTorch wrote are read in test/mel/mel-containers.test.ts.
import { describe, expect, it } from "vitest";
import { TorchError, torchTensors, type TorchTensor } from "../../src/formats/torch.js";

const text = (value: string): string => `X${String.fromCharCode(value.length, 0, 0, 0)}${value}`;
const integer = (value: number): string =>
  `J${String.fromCharCode(...[0, 8, 16, 24].map((shift) => (value >>> shift) & 255))}`;

/** A float32 tensor [2, 3] at a place of the storage "0". */
function tensor(offset: number): string {
  const storage = `(${text("storage")}ctorch\nFloatStorage\n${text("0")}${text("cpu")}${integer(64)}tQ`;
  const tuple = (...values: readonly number[]): string => `(${values.map(integer).join("")}t`;
  return `ctorch._utils\n_rebuild_tensor_v2\n(${storage}${integer(offset)}${tuple(2, 3)}${tuple(3, 1)}\x89}tR`;
}

function tensorsOf(pickled: string): TorchTensor[] {
  const bytes = Uint8Array.from(`\x80\x02${pickled}.`, (letter) => letter.charCodeAt(0));
  const values = new Uint8Array(Float32Array.from({ length: 64 }, (_, i) => i).buffer);
  return torchTensors([
    { name: "a/data.pkl", length: bytes.length, read: () => bytes },
    { name: "a/data/0", length: values.length, read: () => values },
  ]);
}

describe("torchTensors", () => {
  it("lists every tensor of a file of twenty thousand", () => {
    const entries = Array.from({ length: 20_000 }, (_, i) => text(`clip-${i}`) + tensor(i % 50));
    const tensors = tensorsOf(`}(${entries.join("")}u`);
    expect(tensors).toHaveLength(20_000);
    expect(tensors.at(-1)).toMatchObject({ name: "clip-19999", shape: [2, 3], dtype: "float32" });
    expect(tensors[19_999].floats()).toEqual(Float32Array.of(49, 50, 51, 52, 53, 54));
  });

  it("finds what lies as deep as programs nest", () => {
    const [tensorInside] = tensorsOf(`${"]".repeat(60)}${tensor(1)}${"a".repeat(60)}`);
    expect(tensorInside.name).toBe(Array.from({ length: 60 }, () => "0").join("."));
  });

  it("lists a tensor under each of its names", () => {
    const tied = tensorsOf(`}(${text("one")}${tensor(3)}q\x01${text("other")}h\x01u`);
    expect(tied.map(({ name }) => name)).toEqual(["one", "other"]);
  });

  it("goes through a list that holds itself once", () => {
    expect(tensorsOf(`]q\x00(h\x00${tensor(0)}e`).map(({ name }) => name)).toEqual(["1"]);
  });

  it("goes once through lists without a tensor, in however many ways they are reached", () => {
    const lists = Array.from(
      { length: 30 },
      (_, i) => `0](h${String.fromCharCode(i, 0x68, i)}eq${String.fromCharCode(i + 1)}`,
    );
    expect(tensorsOf(`]q\x00${lists.join("")}`)).toEqual([]);
  });

  it("finds a tensor beside what is nested deeper than it looks", () => {
    const deep = `${"]".repeat(150)}${"a".repeat(149)}`;
    const found = tensorsOf(`}(${text("mel")}${tensor(2)}${text("state")}${deep}u`);
    expect(found.map(({ name }) => name)).toEqual(["mel"]);
  });

  it.each([
    ["nested deeper", `${"]".repeat(150)}${tensor(1)}${"a".repeat(150)}`],
    [
      "reached in a thousand million ways",
      // each list holds the one before twice, the first a tensor
      `]${tensor(1)}aq\x00${Array.from({ length: 30 }, (_, i) => `0](h${String.fromCharCode(i, 0x68, i)}eq${String.fromCharCode(i + 1)}`).join("")}`,
    ],
  ])("refuses a file with values %s, instead of leaving some out", (_, pickled) => {
    expect(() => tensorsOf(pickled)).toThrow(TorchError);
    expect(() => tensorsOf(pickled)).toThrow(/Save the mel alone/);
  });
});
