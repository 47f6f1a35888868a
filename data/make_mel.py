"""speech.npy from speech.flac as HiFi-GAN's meldataset.py computes it, with librosa: float32 [80, frames].

Run: pip install librosa soundfile; python make_mel.py
"""
import os

import librosa
import numpy as np

here = os.path.dirname(os.path.abspath(__file__))
audio, rate = librosa.load(os.path.join(here, "speech.flac"), sr=None)
padded = np.pad(audio, (1024 - 256) // 2, mode="reflect")
spectrum = librosa.stft(padded, n_fft=1024, hop_length=256, window="hann", center=False)
bank = librosa.filters.mel(sr=rate, n_fft=1024, n_mels=80, fmin=0, fmax=8000)
magnitude = np.sqrt(spectrum.real**2 + spectrum.imag**2 + 1e-9)
np.save(os.path.join(here, "speech.npy"), np.log(np.maximum(bank @ magnitude, 1e-5)).astype(np.float32))
