// The rooms of src/ import downwards only; this proves that the lint rule which keeps that really fires.
import { ESLint } from "eslint";
import { describe, expect, it } from "vitest";

async function importErrors(file: string, code: string): Promise<string[]> {
  const eslint = new ESLint({
    overrideConfig: { languageOptions: { parserOptions: { projectService: false, project: null } } },
    ruleFilter: ({ ruleId }) => ruleId === "import-x/no-restricted-paths",
  });
  const [result] = await eslint.lintText(code, { filePath: file });
  return result.messages.map((message) => message.message);
}

describe("the lint rule for imports between rooms", () => {
  it("refuses an import upwards", async () => {
    const messages = await importErrors(
      "src/diffusion/levels.ts",
      'import { main } from "../cli/main.js";\nexport { main };\n',
    );
    expect(messages.join()).toContain("diffusion/ may import only from");
  });

  it("lets the command line import from the rooms below", async () => {
    const messages = await importErrors(
      "src/cli/main.ts",
      'import { writeAtomically } from "../host/node/write-files.js";\nexport { writeAtomically };\n',
    );
    expect(messages).toEqual([]);
  });
});
