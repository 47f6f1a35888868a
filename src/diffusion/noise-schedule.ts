// What a noise schedule is to everything that samples: a list of levels from noise to data. One number names a level,
// the log-SNR λ = ln(ᾱ/(1−ᾱ)) (Kingma et al. 2021, "Variational Diffusion Models"); betas and levels convert to it.

/** A noise schedule of N levels; each level costs one denoiser call, and the result is x̂₀ at the last level. */
export interface NoiseSchedule {
  readonly name: string;
  /** Where the numbers come from: a paper, a file, a formula. */
  readonly source: string;
  /** λ of each level, from noise to data: strictly increasing, [N]. */
  readonly logSnrs: Float64Array;
  /** Whether the first level is so noisy that white noise may stand for it (λ ≤ −5); else a sampler starts with a wrong level. */
  readonly startsFromNoise: boolean;
}
