// The studio's pages, in their order, and the frame that all of them share: used when the pages are built.

/** A page of the studio. */
interface StudioPage {
  /** Below studio/. */
  readonly path: string;
  readonly title: string;
  /** What one finds there, a sentence. */
  readonly summary: string;
  /** A small drawing for its card: the inside of an SVG of 96 × 48. */
  readonly drawing: string;
}

/** The lessons, in the order in which they build on each other. */
export const lessons: readonly StudioPage[] = [
  {
    path: "lessons/noising.html",
    title: "Noise, a little at a time",
    summary: "Drag a signal into noise, step by step or in one jump.",
    drawing:
      '<path d="M2 24c10-26 18-26 28 0s18 26 28 0" class="signal"/><path d="M58 24l3-9 3 16 3-22 3 27 3-19 3 13 3-21 3 24 3-15 3 11 3-9" class="noise"/>',
  },
  {
    path: "lessons/histogram.html",
    title: "There and back",
    summary: "A distribution melts into a bell, and grows out of it again.",
    drawing:
      '<path d="M4 44V30h7v14M13 44V12h7v32M22 44V36h7v8M31 44V22h7v22" class="signal"/><path d="M52 44c10 0 10-34 20-34s10 34 20 34" class="noise"/>',
  },
  {
    path: "lessons/prediction.html",
    title: "Guess the noise",
    summary: "Watch a small network learn to see the noise, here in the page.",
    drawing:
      '<path d="M4 12c14 26 26 30 88 32" class="guess"/><circle cx="22" cy="31" r="2" class="noise"/><circle cx="40" cy="34" r="2" class="noise"/><circle cx="60" cy="43" r="2" class="noise"/><circle cx="78" cy="38" r="2" class="noise"/>',
  },
  {
    path: "lessons/score.html",
    title: "Uphill",
    summary: "Drop samples onto a landscape and see them climb its hills.",
    drawing:
      '<circle cx="30" cy="24" r="5" class="signal"/><circle cx="30" cy="24" r="13" class="signal"/><circle cx="68" cy="22" r="5" class="signal"/><circle cx="68" cy="22" r="13" class="signal"/><path d="M49 46l2-9 5-3 3-8 7-3" class="noise"/>',
  },
  {
    path: "lessons/samplers.html",
    title: "Six ways back",
    summary: "One start, six samplers: what do more steps buy?",
    drawing:
      '<path d="M4 6C36 8 40 40 92 40" class="signal"/><path d="M4 6l22 12 22 14 44 6" class="guess"/><path d="M4 6l30 2 22 24 36-4" class="noise"/>',
  },
  {
    path: "lessons/image.html",
    title: "Pictures too",
    summary: "The process does not care what the data are.",
    drawing:
      '<rect x="26" y="4" width="44" height="40" rx="3" class="quiet"/><circle cx="56" cy="16" r="5" class="noise"/><path d="M27 40l13-17 9 11 7-7 13 13" class="signal"/>',
  },
  {
    path: "lessons/waveform.html",
    title: "Noise becomes speech",
    summary: "The real voice at work: with its mel, and without.",
    drawing:
      '<path d="M2 24h6l3-6 3 12 3-18 3 24 3-30 3 36 3-26 3 18 3-10 3 4h8l3-8 3 16 3-22 3 28 3-34 3 32 3-20 3 12 3-4h12" class="signal"/>',
  },
];

/** The page where vocode itself runs. */
export const vocoderPage = {
  path: "vocoder/index.html",
  title: "The vocoder",
  summary: "Turn a mel of your own into speech, here in the browser.",
};

const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Cpath d='M2 16h4l3-9 4 18 4-22 4 26 4-18 2 5h3' fill='none' stroke='%230b6a8a' stroke-width='3' stroke-linecap='round' stroke-linejoin='round'/%3E%3C/svg%3E";

/** The way from a page to the studio's root: "" or "../". */
function rootOf(path: string): string {
  return "../".repeat(path.split("/").length - 1);
}

/** What stands in every page's head, besides its title. */
export function headOf(path: string): string {
  return [
    '<meta charset="utf-8" />',
    '<meta name="viewport" content="width=device-width, initial-scale=1" />',
    '<meta name="color-scheme" content="light dark" />',
    `<link rel="icon" href="${ICON}" />`,
    `<link rel="stylesheet" href="${rootOf(path)}style.css" />`,
  ].join("\n");
}

/** The strip on top of every page. */
export function headerOf(path: string): string {
  const link = (to: string, text: string): string =>
    `<a href="${rootOf(path)}${to}"${to === path ? ' aria-current="page"' : ""}>${text}</a>`;
  const place = lessons.findIndex((lesson) => lesson.path === path);
  return `<a class="skip" href="#main">To the content</a>
<header class="top">
  <a class="mark" href="${rootOf(path)}index.html">vocode <span>studio</span></a>
  <nav aria-label="Studio">
    ${place >= 0 ? `<span class="place">Lesson ${place + 1} of ${lessons.length}</span>` : ""}
    ${link("index.html#lessons", "Lessons")}
    ${link(vocoderPage.path, "Vocoder")}
  </nav>
</header>`;
}

/** The foot of every page: a lesson's neighbours. */
export function footerOf(path: string): string {
  const place = lessons.findIndex((lesson) => lesson.path === path);
  const link = (page: { path: string; title: string } | undefined, words: string, side: string): string =>
    page === undefined
      ? "<span></span>"
      : `<a class="${side}" href="${rootOf(path)}${page.path}"><small>${words}</small>${page.title}</a>`;
  const neighbours =
    place < 0
      ? ""
      : `<nav class="neighbours" aria-label="Lessons before and after">
    ${link(lessons[place - 1], "Before", "before")}
    ${link(lessons[place + 1] ?? vocoderPage, "Next", "after")}
  </nav>`;
  return `<footer>
  ${neighbours}
  <p>All of it is computed in this page by vocode's own code. Nothing is sent anywhere.</p>
</footer>`;
}

/** The lessons as cards, for the front door. */
export function lessonCards(): string {
  return lessons
    .map(
      ({ path, title, summary, drawing }, index) => `<li>
  <a class="card" href="${path}">
    <svg viewBox="0 0 96 48" aria-hidden="true">${drawing}</svg>
    <h3><span class="number">${index + 1}</span> ${title}</h3>
    <p>${summary}</p>
  </a>
</li>`,
    )
    .join("\n");
}
