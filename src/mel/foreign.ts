// What a file is that holds a mel in a form which is not read, or no mel at all, by its first bytes, and what makes a mel
// of it that is read.
import { latin1Text } from "../formats/bytes.js";
import { isPickle } from "../formats/pickle.js";
import { isZip } from "../formats/zip.js";

/** Formats by the bytes that they begin with, and a clause on each. */
const signatures: readonly (readonly [start: string, clause: string])[] = [
  [
    "version https://git-lfs",
    "it is a Git LFS pointer in place of the file; fetch the file with git lfs pull",
  ],
  ["\x1f\x8b", "it is compressed with gzip; unpack it with gunzip first"],
  ["BZh", "it is compressed with bzip2; unpack it with bunzip2 first"],
  ["\xfd7zXZ\0", "it is compressed with xz; unpack it with unxz first"],
  ["\x28\xb5\x2f\xfd", "it is compressed with Zstandard; unpack it with unzstd first"],
  [
    "\x89HDF",
    "it is an HDF5 file; save the mel with numpy.save instead: " +
      python("import h5py, numpy", "h5py.File('FILE')['mel'][()]"),
  ],
  [
    "MATLAB 7.3",
    "it is a MATLAB file of version 7.3; save the mel with numpy.save instead: " +
      python("import h5py, numpy", "h5py.File('FILE')['mel'][()].T"),
  ],
  [
    "MATLAB 5.0",
    "it is a MATLAB file; save the mel with numpy.save instead: " +
      python("import numpy, scipy.io", "scipy.io.loadmat('FILE')['mel']"),
  ],
  // the number with which torch.save began before it wrote archives
  [
    "\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.",
    "it is a file of torch.save from before version 1.6, a pickle; save the mel with numpy.save instead: " +
      python("import numpy, torch", "torch.load('FILE', weights_only=True).cpu().numpy()"),
  ],
  [
    "\0BFM ",
    "it is a matrix of Kaldi; save the mel with numpy.save instead: " +
      python("import kaldiio, numpy", "kaldiio.load_mat('FILE')"),
  ],
  ["\x89PNG", "it is a picture; a mel is read from its numbers, as numpy.save writes them"],
  ["\xff\xd8\xff", "it is a picture; a mel is read from its numbers, as numpy.save writes them"],
  ["%PDF", "it is a PDF document"],
];

const TEXT_BYTES = 512;

/**
 * What a file is by its first bytes, if it is one of those in which mels are kept too and which are not read here, or
 * which are found in the place of one.
 *
 * @returns a clause with the way out: "it is an HDF5 file; save …"
 */
export function describeForeignContainer(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return "it is empty";
  if (isZip(bytes))
    return "it is a ZIP archive, as numpy.savez and torch.save write them; save the mel alone with numpy.save";
  const start = latin1Text(bytes.subarray(0, TEXT_BYTES));
  const known = signatures.find(([signature]) => start.startsWith(signature));
  if (known) return known[1];
  if (isPickle(bytes))
    return (
      "it is a Python pickle; save the mel with numpy.save instead: " +
      python("import numpy, pickle", "numpy.asarray(pickle.load(open('FILE', 'rb')))") +
      " (of a dict, with ['mel'] after the load)"
    );
  return describeText(start);
}

/** Whether a text is that of a page, as servers give in place of a file. */
export function isWebPage(text: string): boolean {
  return /^(<!doctype|<html|<\?xml|<head)/i.test(text);
}

function describeText(start: string): string | undefined {
  const text = start.trimStart();
  if (isWebPage(text)) return "it is a web page, as a failed download leaves it; download the file itself";
  // what was cut may end within a number
  if (/^\[[\s[\]\d.,eE+-]*$/.test(text) && /\d/.test(text))
    return (
      "it is JSON; save the mel with numpy.save instead: " +
      python("import json, numpy", "numpy.array(json.load(open('FILE')), 'float32')")
    );
  if (/^[\s\d.,;eE+-]+$/.test(text) && /\d[\s,;]+[-+\d.]/.test(text)) {
    const delimiter = text.includes(",") ? ", delimiter=','" : text.includes(";") ? ", delimiter=';'" : "";
    return (
      "it is a text of numbers; save the mel with numpy.save instead: " +
      python("import numpy", `numpy.loadtxt('FILE'${delimiter}).astype('float32')`)
    );
  }
  return undefined;
}

/** A line that saves what an expression gives. */
function python(imports: string, expression: string): string {
  return `python -c "${imports}; numpy.save('mel.npy', ${expression})"`;
}
