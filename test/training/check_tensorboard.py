"""What TensorBoard reads of event files: JSON with, for each folder, the scalars, pictures, clips and texts by tag."""
import io, json, os, sys, wave
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

found = {}
for folder, _, files in os.walk(sys.argv[1]):
    if not any("tfevents" in name for name in files):
        continue
    events = EventAccumulator(folder, size_guidance={"scalars": 0, "images": 0, "audio": 0, "tensors": 0})
    events.Reload()
    tags = events.Tags()
    found[os.path.relpath(folder, sys.argv[1])] = {
        "scalars": {tag: [[each.step, each.value] for each in events.Scalars(tag)] for tag in tags["scalars"]},
        "images": {tag: [[each.step, each.width, each.height, each.encoded_image_string[1:4].decode()] for each in events.Images(tag)] for tag in tags["images"]},
        "audio": {tag: [[each.step, each.sample_rate, each.length_frames, wave.open(io.BytesIO(each.encoded_audio_string)).getnframes()] for each in events.Audio(tag)] for tag in tags["audio"]},
        "texts": {tag: [[each.step, each.tensor_proto.string_val[0].decode()] for each in events.Tensors(tag)] for tag in tags["tensors"]},
    }
json.dump(found, sys.stdout)
