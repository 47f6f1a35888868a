// Whether a file's name says that it holds WAV audio, which is all that is written here: another ending would lie.
import { basename, extname } from "node:path";
import { InputError } from "../../errors.js";

const WAV_EXTENSIONS = [".wav", ".wave"];

/** The name of a waveform's file does not end in .wav. */
export class WavNameError extends InputError {
  constructor(readonly path: string) {
    super(`Audio is written as .wav, and '${path}' ${wayOut(path)}`);
  }
}

function wayOut(path: string): string {
  const extension = extname(path);
  const stem = path.slice(0, path.length - extension.length).replace(/[\\/]+$/, "");
  const renamed = stem.endsWith(".wav") ? `'${stem}'` : `'${stem}.wav'`;
  switch (extension.toLowerCase()) {
    case "":
    case ".":
      return `has no ending. Name it ${renamed}, or make the folder '${path}' first.`;
    case ".mel":
    case ".npy":
      return `is named like a mel. Name it ${renamed}; 'vocode mel' makes mels of recordings.`;
    default:
      return (
        `ends in ${extension}. Name it ${renamed}; for another format write to - and convert what comes, as in ` +
        `vocode … - | ffmpeg -i - ${basename(path)}`
      );
  }
}

/**
 * Checks the name of a waveform's file before the work that makes its content.
 *
 * @throws WavNameError
 */
export function requireWavName(path: string): void {
  if (!WAV_EXTENSIONS.includes(extname(path).toLowerCase())) throw new WavNameError(path);
}
