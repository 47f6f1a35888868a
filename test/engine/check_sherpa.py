"""Speaks a stored mel in sherpa-onnx: an acoustic model of the Matcha kind that gives this mel for any text, and an
exported voice as its vocoder.

usage: check_sherpa.py vocoder.onnx mel.npy sample_rate out.npy

mel.npy is [frames, bands]; out.npy receives the samples of the second of two calls. Prints, as JSON, the processor time
in seconds that opening the vocoder took, and whether both calls gave the same samples.
"""

import json
import os
import sys
import tempfile
import time

import numpy
import onnx
import sherpa_onnx
from onnx import TensorProto, helper, numpy_helper


def acoustic_model(mel, sample_rate):
    """A graph with the inputs of a Matcha model that gives one mel, [1, bands, frames]."""
    inputs = [
        helper.make_tensor_value_info("x", TensorProto.INT64, [1, "tokens"]),
        helper.make_tensor_value_info("x_length", TensorProto.INT64, [1]),
        helper.make_tensor_value_info("noise_scale", TensorProto.FLOAT, [1]),
        helper.make_tensor_value_info("length_scale", TensorProto.FLOAT, [1]),
    ]
    stored = numpy.ascontiguousarray(mel.T[None], dtype=numpy.float32)
    output = helper.make_tensor_value_info("mel", TensorProto.FLOAT, list(stored.shape))
    graph = helper.make_graph(
        [helper.make_node("Identity", ["stored"], ["mel"])],
        "acoustic",
        inputs,
        [output],
        [numpy_helper.from_array(stored, "stored")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    facts = {
        "model_type": "matcha-tts",
        "sample_rate": sample_rate,
        "n_speakers": 1,
        "num_speakers": 1,
        "version": 1,
        "jieba": 1,
        "has_espeak": 0,
        "pad_id": 0,
        "use_eos_bos": 0,
        "add_blank": 0,
        "voice": "none",
        "language": "Chinese",
    }
    helper.set_model_props(model, {key: str(value) for key, value in facts.items()})
    return model


def main(vocoder, mel_path, sample_rate, out):
    with tempfile.TemporaryDirectory() as folder:
        acoustic, lexicon, tokens = (os.path.join(folder, name) for name in ("a.onnx", "lexicon.txt", "tokens.txt"))
        onnx.save(acoustic_model(numpy.load(mel_path), int(sample_rate)), acoustic)
        with open(lexicon, "w", encoding="utf-8") as file:
            file.write("你 a\n好 b\n")
        with open(tokens, "w", encoding="utf-8") as file:
            file.write("_ 0\na 1\nb 2\n")
        matcha = sherpa_onnx.OfflineTtsMatchaModelConfig(
            acoustic_model=acoustic, vocoder=vocoder, lexicon=lexicon, tokens=tokens
        )
        model = sherpa_onnx.OfflineTtsModelConfig(matcha=matcha, num_threads=1)
        config = sherpa_onnx.OfflineTtsConfig(model=model)
        begin = time.process_time()
        tts = sherpa_onnx.OfflineTts(config)
        opening = time.process_time() - begin
        # a scale of 1 leaves the pauses as the vocoder gives them
        spoken = sherpa_onnx.GenerationConfig()
        spoken.silence_scale = 1.0
        first, second = (numpy.array(tts.generate("你好", spoken).samples, dtype=numpy.float32) for _ in range(2))
    numpy.save(out, second)
    same = first.shape == second.shape and bool(numpy.array_equal(first, second))
    print(json.dumps({"opening": opening, "same": same, "sherpa": sherpa_onnx.__version__}))


if __name__ == "__main__":
    main(*sys.argv[1:])
