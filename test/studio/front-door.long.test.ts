// The studio's front door in a browser.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  accessibilityFaults,
  browserFault,
  moveSlider,
  openBrowser,
  openPage,
  serve,
  type StaticHost,
} from "../support/browser.js";

describe.skipIf(browserFault)("the studio's front door", () => {
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

  it("goes from noise to signal as its slider does, without a fault", async () => {
    const { page, faults } = await openPage(browser, host.address);
    const reading = page.locator("#reading");
    await moveSlider(page, "level", 0);
    expect(await reading.textContent()).toContain("100 % is noise");
    await moveSlider(page, "level", 100);
    expect(await reading.textContent()).toContain("100 % of the power is signal");
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it.each([
    [1280, "light"],
    [1280, "dark"],
    [390, "light"],
    [390, "dark"],
  ] as const)("is accessible and not wider than the window at %i px, %s", async (width, colorScheme) => {
    const { page } = await openPage(browser, host.address, { viewport: { width, height: 844 }, colorScheme });
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    await page.context().close();
  });
});
