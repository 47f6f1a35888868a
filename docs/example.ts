// The library in use: a mel file to a WAV file, then the same mel frame by frame, as a text-to-speech model would give it.
//   npm run build && node --experimental-strip-types docs/example.ts data/speech.mel whole.wav streamed.wav
import { readMel, Vocoder, writeWav } from "mel-vocode";

const [melPath, wholePath, streamedPath] = process.argv.slice(2);

// without a folder it is the checkpoint that comes with vocode; in 8 bits, its default, tiles of other lengths round otherwise
const vocoder = await Vocoder.load(undefined, { precision: "float32" });
const { mel } = await readMel(melPath, { expected: vocoder.format });

// the whole at once; the signal ends it after a minute
const { samples, sampleRate, report } = await vocoder.synthesize(mel, {
  steps: 6,
  seed: 1,
  signal: AbortSignal.timeout(60_000),
  onProgress: (done, total) => {
    process.stderr.write(`\r${Math.round((100 * done) / total)} %`);
  },
});
await writeWav(wholePath, [samples], sampleRate);
console.log(`\n${report.audioSeconds.toFixed(2)} s, ${(1 / report.realTimeFactor).toFixed(1)}× real time`);

// a stream: samples come while frames are still made, and memory does not grow with the length
async function* frames(): AsyncGenerator<Float32Array> {
  const { bands } = vocoder.format;
  for (let at = 0; at < mel.values.length; at += bands) {
    yield mel.values.subarray(at, at + bands);
    await Promise.resolve(); // here a model would compute the next one
  }
}
const stream = vocoder.stream(frames(), { steps: 6, seed: 1, tile: 64 });
console.log(`sound comes ${stream.lookAhead.seconds.toFixed(2)} s and a tile behind the mel`);
await writeWav(streamedPath, stream, stream.sampleRate);
console.log(`first sound after ${stream.report.firstSoundSeconds.toFixed(2)} s`);

await vocoder.dispose();
