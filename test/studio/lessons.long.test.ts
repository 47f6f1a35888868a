// The studio's lessons in a browser: each is moved, and the numbers of its figure are compared with what src/diffusion
// says here.
import type { Browser, BrowserContextOptions } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { diffuse, diffuseStep } from "../../src/diffusion/forward-process.js";
import { alphaBarFromLogSnr, betaBetween } from "../../src/diffusion/levels.js";
import { planFor, type SamplerName } from "../../src/diffusion/samplers/plan-for.js";
import { runPlan, sample, seededNoise } from "../../src/diffusion/samplers/sampling-plan.js";
import {
  respace,
  scheduleFromBetas,
  scheduleFromLogSnrs,
  scheduleSteps,
} from "../../src/diffusion/schedules/build-schedule.js";
import {
  linearBetas,
  scheduleByName,
  uniformLogSnrs,
} from "../../src/diffusion/schedules/named-schedules.js";
import { density, exactDenoiser, responsibilities, score } from "../../src/diffusion/toy/exact-score.js";
import { marginalAt } from "../../src/diffusion/toy/gaussian-mixture.js";
import { runToy, wassersteinDistance } from "../../src/diffusion/toy/toy-process.js";
import { landscape, threeHills } from "../../studio/lessons/mixtures.js";
import { mixtureOf, picture, PICTURES } from "../../studio/lessons/pictures.js";
import { signalOf } from "../../studio/lessons/signals.js";
import { readWaveformLesson } from "../../studio/lessons/waveform-data.js";
import { lessons } from "../../studio/pages.js";
import {
  accessibilityFaults,
  browserFault,
  figureNumber,
  moveSlider,
  openBrowser,
  openPage,
  serve,
  type StaticHost,
  type WatchedPage,
} from "../support/browser.js";
import { longTasks } from "../support/main-thread.js";
import { readFileSync } from "node:fs";

describe.skipIf(browserFault)("the studio's lessons", () => {
  let browser: Browser;
  let host: StaticHost;

  beforeAll(async () => {
    host = await serve();
    browser = await openBrowser();
  });

  afterAll(async () => {
    await browser.close();
    await host.close();
  });

  /** Opens a lesson, does something with it, and expects no fault of any kind. */
  async function visit(
    name: string,
    use: (lesson: Lesson) => Promise<void>,
    options: BrowserContextOptions = {},
  ): Promise<void> {
    const watched = await openPage(browser, `${host.address}lessons/${name}.html`, options);
    await use(new Lesson(watched));
    expect(watched.faults).toEqual([]);
    await watched.page.context().close();
  }

  it("noises a signal in one jump as the closed form does", async () => {
    await visit("noising", async (lesson) => {
      await lesson.move("t", 700);
      await lesson.choose("schedule", "cosine");
      const step = scheduleSteps(scheduleByName("cosine-1000")).find(({ t }) => t === 700)!;
      const { z } = diffuse(signalOf("wave"), step.logSnr, { seed: 1, step: 0 });
      await lesson.expectNumbers({
        t: 700,
        beta: step.beta,
        "alpha-bar": step.alphaBar,
        snr: 10 * Math.log10(step.snr),
        first: z[0],
        power: z.reduce((sum, x) => sum + x * x, 0) / z.length,
      });
    });
  });

  it("noises a signal step by step as the forward steps do", async () => {
    await visit("noising", async (lesson) => {
      await lesson.choose("steps", "20");
      await lesson.choose("route", "steps");
      await lesson.choose("signal", "stairs");
      await lesson.move("t", 5);
      const table = scheduleSteps(respace(scheduleByName("ddpm-1000"), 20)).reverse();
      let x = signalOf("stairs");
      for (let t = 1; t <= 5; t++) x = diffuseStep(x, table[t - 1].beta, { seed: 1, step: 1 + t }).z;
      await lesson.expectNumbers({ t: 5, first: x[0], "alpha-bar": table[4].alphaBar });
    });
  });

  it("shows the histogram's points as the toy process makes them, forward and back, and another draw", async () => {
    await visit("histogram", async (lesson) => {
      const schedule = scheduleByName("cosine-50");
      const plan = planFor("ddpm", schedule);
      const toy = (seed: number) =>
        runToy({ mixture: threeHills, schedule, plan, points: 3000, seed, start: "noise" });
      const first = await toy(1);
      await lesson.waitFor("seed", 1);
      await lesson.move("step", 30);
      await lesson.expectNumbers({ value: first.forward[30][0] });
      await lesson.choose("direction", "back");
      await lesson.move("step", 20);
      await lesson.expectNumbers({ value: first.reverse[20].z[0], distance: first.reverse[20].error });
      await lesson.click("new-sample");
      await lesson.waitFor("seed", 2);
      await lesson.move("step", 50);
      const second = await toy(2);
      await lesson.expectNumbers({ value: second.result[0], distance: second.error });
    });
  });

  it("compares guesses of noise with the exact one, and learns", async () => {
    await visit("prediction", async (lesson) => {
      const exact = exactDenoiser(threeHills);
      await lesson.move("level", 2);
      await lesson.expectNumbers({ level: 2, "perfect-at-1": (await exact(Float32Array.of(1), 2))[0] });
      const plan = planFor("ddim", scheduleByName("logsnr-25"));
      const noise = seededNoise(1);
      const start = new Float32Array(1000);
      noise(start, 0);
      const end = async (factor: number): Promise<number> => {
        const guess = async (z: Float32Array, level: number) =>
          (await exact(z, level)).map((value) => factor * value);
        return wassersteinDistance(await sample(plan, guess, start, noise), threeHills);
      };
      await lesson.waitFor("perfect-distance", await end(1));
      await lesson.move("error", -10);
      await lesson.waitFor("wrong-distance", await end(0.9));
      const untrained = await lesson.number("loss");
      await lesson.move("training", 12);
      await lesson.waitFor("training-steps", 360);
      expect(await lesson.number("loss")).toBeLessThan(0.6 * untrained);
      const learned = await lesson.number("network-at-1");
      expect(Math.abs(learned - (await exact(Float32Array.of(1), 2))[0])).toBeLessThan(0.25);
    });
  });

  it("walks on the landscape by Langevin dynamics, from where a sample is dropped", async () => {
    await visit("score", async (lesson) => {
      await lesson.click("remove");
      await lesson.waitFor("samples", 0);
      await lesson.move("level", 1);
      await lesson.move("drop-x", 1.5);
      await lesson.move("drop-y", -2);
      await lesson.click("drop");
      await lesson.waitFor("samples", 1);
      await lesson.move("step", 200);
      const schedule = scheduleFromLogSnrs({ name: "walk", source: "" }, [1]);
      const plan = planFor("langevin", schedule, { correctorSteps: 399, correctorStepSize: 0.05 });
      const states: Float32Array[] = [];
      const walk = runPlan(plan, exactDenoiser(landscape), Float32Array.of(1.5, -2), seededNoise(1));
      for await (const { z } of walk) states.push(z);
      const noisy = marginalAt(landscape, 1);
      const [scoreX, scoreY] = score(noisy, states[200]);
      await lesson.expectNumbers({
        step: 200,
        x: states[200][0],
        y: states[200][1],
        "score-x": scoreX,
        "score-y": scoreY,
        density: density(noisy, states[200]),
        "hill-2": responsibilities(noisy, states[200])[1],
      });
    });
  });

  it("drops a sample where the landscape is clicked", async () => {
    await visit("score", async (lesson) => {
      await lesson.click("remove");
      await lesson.waitFor("samples", 0);
      const canvas = lesson.watched.page.locator("canvas");
      const { width, height } = (await canvas.boundingBox())!;
      await canvas.click({ position: { x: width / 2, y: height / 4 } });
      await lesson.waitFor("samples", 1);
      await lesson.move("step", 0);
      expect(await lesson.number("x")).toBeCloseTo(0, 1);
      expect(await lesson.number("y")).toBeCloseTo(1.5, 1);
    });
  });

  it("compares samplers from one start as their plans do", async () => {
    await visit("samplers", async (lesson) => {
      await lesson.move("steps", 9);
      const run = (name: SamplerName, levels: number): Promise<Float32Array> => {
        const schedule = scheduleFromLogSnrs({ name: "", source: "" }, uniformLogSnrs(-6, 4, levels));
        const noise = seededNoise(1);
        const start = new Float32Array(500);
        noise(start, 0);
        return sample(planFor(name, schedule), exactDenoiser(threeHills), start, noise);
      };
      const ode = await run("heun", 400);
      await lesson.waitFor("ode-distribution", wassersteinDistance(ode, threeHills));
      for (const name of ["ddpm", "ddim", "euler", "heun", "dpmpp-2m"] as const) {
        const result = await run(name, 9);
        const square = result.reduce((sum, value, i) => sum + (value - ode[i]) ** 2, 0);
        await lesson.waitFor(`${name}-calls`, name === "heun" ? 17 : 9);
        await lesson.waitFor(`${name}-ends`, Math.sqrt(square / 500));
        await lesson.waitFor(`${name}-distribution`, wassersteinDistance(result, threeHills));
      }
      await lesson.click("another-start");
      await lesson.waitFor("seed", 2);
    });
  });

  it("takes a picture into noise and back, with other steps and a scaled β", async () => {
    await visit("image", async (lesson) => {
      await lesson.move("steps", 8);
      await lesson.move("scale", 0.5);
      const betas = linearBetas(1e-4 * 0.5, 0.02 * 0.5, 1000);
      const schedule = respace(scheduleFromBetas({ name: "", source: "" }, betas), 8);
      const mixture = mixtureOf(Array.from({ length: PICTURES }, (_, index) => picture(index)));
      const distance = (state: Float32Array, index: number): number => {
        const target = picture(index);
        return Math.sqrt(state.reduce((sum, value, i) => sum + (value - target[i]) ** 2, 0) / state.length);
      };
      const noise = seededNoise(1);
      const start = new Float32Array(picture(0).length);
      noise(start, 0);
      const states: Float32Array[] = [];
      for await (const { z } of runPlan(planFor("ddpm", schedule), exactDenoiser(mixture), start, noise)) {
        states.push(z);
      }
      await lesson.waitFor("first-level", schedule.logSnrs[0]);
      await lesson.waitFor("steps", 8);
      await lesson.move("step", 5);
      const shares = responsibilities(marginalAt(mixture, schedule.logSnrs[5]), states[5]);
      const best = shares.indexOf(Math.max(...shares));
      await lesson.waitFor("distance", distance(states[5], best));
      await lesson.expectNumbers({
        picture: best + 1,
        likelihood: shares[best],
        "alpha-bar": alphaBarFromLogSnr(schedule.logSnrs[5]),
      });
      await lesson.choose("direction", "forward");
      await lesson.move("picture", 4);
      await lesson.move("step", 1);
      const beta = betaBetween(Infinity, schedule.logSnrs[7]);
      const noised = diffuseStep(picture(3), beta, { seed: 1, step: 1 }).z;
      await lesson.waitFor("distance", distance(noised, 3));
    });
  });

  it("turns noise into speech with the mel, and not without", async () => {
    await visit("waveform", async (lesson) => {
      const bytes = readFileSync(new URL("../../studio/lessons/waveform.bin", import.meta.url));
      const { withMel, withoutMel, plan } = await readWaveformLesson(bytes, () => Promise.resolve());
      const size = (waveform: Float32Array): number =>
        Math.sqrt(waveform.reduce((sum, value) => sum + value * value, 0) / waveform.length);
      await lesson.waitFor("step", 0);
      await lesson.move("step", 3);
      await lesson.expectNumbers({
        level: plan.steps[3].logSnr,
        "alpha-bar": alphaBarFromLogSnr(plan.steps[3].logSnr),
        state: size(withMel.states[3]),
        estimate: size(withMel.estimates[3]),
      });
      await lesson.move("step", 6);
      const distance = await lesson.number("distance");
      await lesson.choose("condition", "without");
      await lesson.expectNumbers({ state: size(withoutMel.states[6]) });
      expect(await lesson.number("distance")).toBeGreaterThan(2 * distance);
      await lesson.click("hear");
    });
  });

  describe.each(lessons.map(({ path, title }) => ({ path, title })))("$title", ({ path }) => {
    const name = path.replace(/^lessons\/|\.html$/g, "");

    it("plays, pauses and steps by keyboard", async () => {
      await visit(name, async ({ watched: { page } }) => {
        const scrubber = page.locator(".player input[type=range]");
        const position = async (): Promise<number> => Number(await scrubber.inputValue());
        await page.getByRole("button", { name: "Back to the start" }).click();
        await page.locator("h1").click();
        await page.keyboard.press("ArrowRight");
        expect(await position()).toBe(1);
        await page.keyboard.press("ArrowLeft");
        await page.keyboard.press("Space");
        await page.getByRole("button", { name: "Pause" }).waitFor();
        await expect.poll(position, { timeout: 20_000 }).toBeGreaterThan(1);
        await page.getByRole("button", { name: "Pause" }).click();
        const stopped = await position();
        await page.waitForTimeout(1000);
        expect(await position()).toBe(stopped);
      });
    });

    it("plays where little motion is asked for", async () => {
      await visit(
        name,
        async ({ watched: { page } }) => {
          const scrubber = page.locator(".player input[type=range]");
          await page.getByRole("button", { name: "Back to the start" }).click();
          await page.getByRole("button", { name: "Play" }).click();
          await expect
            .poll(async () => Number(await scrubber.inputValue()), { timeout: 20_000 })
            .toBeGreaterThan(0);
        },
        { reducedMotion: "reduce" },
      );
    });

    it.each([
      [1280, "light"],
      [1280, "dark"],
      [390, "light"],
      [390, "dark"],
    ] as const)("is accessible and not wider than the window at %i px, %s", async (width, colorScheme) => {
      await visit(
        name,
        async ({ watched: { page } }) => {
          await page.locator("details.numbers summary").click();
          expect(await accessibilityFaults(page)).toEqual([]);
          expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
        },
        { viewport: { width, height: 844 }, colorScheme },
      );
    });

    it("has no task of 50 ms on its own thread while it opens, plays and is moved", async () => {
      await visit(name, async ({ watched: { page } }) => {
        const { long, tasks } = await longTasks(page, async () => {
          await page.reload({ waitUntil: "networkidle" });
          await page.getByRole("button", { name: "Play", exact: true }).click();
          await page.waitForTimeout(3000);
          for (const input of await page.locator("input[type=range]").all()) {
            for (const share of [1, 0, 0.5]) {
              await input.evaluate((slider: HTMLInputElement, to) => {
                slider.valueAsNumber = Number(slider.min) + to * (Number(slider.max) - Number(slider.min));
                slider.dispatchEvent(new Event("input", { bubbles: true }));
              }, share);
              await page.waitForTimeout(200);
            }
          }
          for (const input of await page.locator("input[type=radio]").all()) {
            await input.check({ force: true });
            await page.waitForTimeout(200);
          }
        });
        expect(tasks).toBeGreaterThan(100);
        expect(long).toEqual([]);
      });
    });

    it("names every slider and shows its value", async () => {
      await visit(name, async ({ watched: { page } }) => {
        for (const input of await page.locator("input[type=range]").all()) {
          const id = await input.getAttribute("id");
          expect(await page.locator(`label[for="${id}"]`).innerText()).not.toBe("");
          expect(await page.locator(`output[for="${id}"]`).innerText()).not.toBe("");
        }
      });
    });
  });

  it("would be caught with a task of 50 ms", async () => {
    await visit("noising", async ({ watched: { page } }) => {
      const { long } = await longTasks(page, () =>
        page.evaluate(() => {
          const began = performance.now();
          while (performance.now() - began < 1000);
        }),
      );
      expect(long).toHaveLength(1);
    });
  });

  it("take at most 400 kB to download, all seven together", async () => {
    const sizes = new Map<string, number>();
    for (const { path } of lessons) {
      const { page, downloads } = await openPage(browser, `${host.address}${path}`);
      await page.waitForLoadState("networkidle");
      for (const [address, size] of downloads) sizes.set(address, size);
      await page.context().close();
    }
    const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
    expect(total).toBeGreaterThan(200_000);
    expect(total).toBeLessThanOrEqual(400_000);
  });
});

/** A lesson that is open, to be moved by the names of its controls. */
class Lesson {
  constructor(readonly watched: WatchedPage) {}

  move(slider: string, value: number): Promise<void> {
    return moveSlider(this.watched.page, slider, value);
  }

  async choose(name: string, value: string): Promise<void> {
    await this.watched.page.locator(`input[type=radio][name="${name}"][value="${value}"]`).check();
  }

  async click(name: string): Promise<void> {
    await this.watched.page.locator(`button[name="${name}"]`).click();
  }

  number(name: string): Promise<number> {
    return figureNumber(this.watched.page, name);
  }

  /** Waits until a number is what it should be, to seven digits or so. */
  async waitFor(name: string, value: number): Promise<void> {
    await expect
      .poll(() => this.number(name), { timeout: 60_000, interval: 100, message: name })
      .toSatisfy((found: number) => Math.abs(found - value) <= 1e-6 * Math.max(1, Math.abs(value)));
  }

  async expectNumbers(values: Readonly<Record<string, number>>): Promise<void> {
    for (const [name, value] of Object.entries(values)) await this.waitFor(name, value);
  }
}
