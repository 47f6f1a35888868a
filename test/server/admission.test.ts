import { describe, expect, it } from "vitest";
import { Admission, BusyError } from "../../src/server/admission.js";

const never = new AbortController().signal;

/** Whether a promise is settled by now. */
async function isIn(entered: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void entered.then(() => (settled = true));
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  return settled;
}

describe("admission", () => {
  it("lets so many work at once, and the others in the order in which they came", async () => {
    const admission = new Admission({ parallel: 1, waiting: 2 });
    const leave = await admission.enter(never);
    const [second, third] = [admission.enter(never), admission.enter(never)];
    expect([admission.atWork, admission.waiting]).toEqual([1, 2]);
    expect(await isIn(second)).toBe(false);
    leave();
    // a place that was given back twice is one place
    leave();
    expect([await isIn(second), await isIn(third)]).toEqual([true, false]);
    (await second)();
    expect(await isIn(third)).toBe(true);
    (await third)();
    expect([admission.atWork, admission.waiting]).toEqual([0, 0]);
  });

  it("refuses whom it has no place to wait for, and says when to come again", async () => {
    const admission = new Admission({ parallel: 1, waiting: 1 });
    await admission.enter(never);
    void admission.enter(never);
    const refused = await admission.enter(never).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(BusyError);
    expect((refused as BusyError).retryAfter).toBeGreaterThanOrEqual(1);
    await expect(new Admission({ parallel: 0, waiting: 0 }).enter(never)).rejects.toThrow(
      "All places are taken",
    );
  });

  it("lets nobody wait for longer than they have", async () => {
    const admission = new Admission({ parallel: 1, waiting: 10, patience: 2.5 });
    await admission.enter(never);
    // a piece of work is taken to last a second at first
    void admission.enter(never);
    void admission.enter(never);
    await expect(admission.enter(never)).rejects.toThrow("2 requests are waiting already. Try again in 3 s.");
  });

  it("forgets who gave up waiting", async () => {
    const admission = new Admission({ parallel: 1, waiting: 2 });
    const leave = await admission.enter(never);
    const impatient = new AbortController();
    const gone = admission.enter(impatient.signal);
    const next = admission.enter(never);
    impatient.abort(new Error("gone"));
    await expect(gone).rejects.toThrow("gone");
    expect(admission.waiting).toBe(1);
    leave();
    expect(await isIn(next)).toBe(true);
    await expect(admission.enter(impatient.signal)).rejects.toThrow("gone");
  });
});
