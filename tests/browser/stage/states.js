// The states of the page that are worth a picture: how each comes about, on a stage of its own.

const QUESTION = "Why does multiplying two negatives give a positive?";
const BEGINNING = [
  "Good question: most people are told the rule and never see *why* it has to be so. Let’s build it from something " +
    "you already trust.",
  "**Look for a pattern.** Multiply by −3 and let the other number fall by one each time:",
  "- 2 × (−3) = −6\n- 1 × (−3) = −3\n- 0 × (−3) = 0",
  "Each line is **3 more** than the one above. Keep going, and",
].join("\n\n");
const ENDING = [
  " the pattern has no choice:",
  "> (−1) × (−3) = **3**",
  "The same in one line: $(-a)(-b) = ab$, since $(-a)(-b) + (-a)\\,b = (-a)(b - b) = 0$.",
  "Now you: what would (−2) × (−3) be, and how does the pattern tell you?",
].join("\n\n");
const OTHER = [
  "Think of a debt. Losing one debt of €3 leaves you **€3 richer**; losing two leaves you **€6 richer**.",
  "So (−2) × (−3) = 6: taking away (−2 times) what you owe (−3) is a gain.",
  "Where would this picture break down, do you think?",
].join("\n\n");
const NO_RETRIES = { retry: { tries: 1, further_attempts: 0 } };

/** Conversations of other days. */
async function past(stage) {
  for (const title of ["Balancing chemical equations", "Quiz me on the water cycle", "What makes a good essay introduction?"]) {
    const body = JSON.stringify({ title });
    await fetch(`${stage.server.origin}/sessions`, { method: "POST", headers: { "Content-Type": "application/json" }, body });
  }
}

async function asked(stage) {
  await past(stage);
  const tab = await stage.open();
  await tab.say(QUESTION);
  return { tab, call: await stage.upstream.nextCall() };
}

async function answered(stage) {
  const { tab, call } = await asked(stage);
  call.say(BEGINNING + ENDING);
  call.finish();
  await tab.page.locator(".prose math").nth(1).waitFor();
  await tab.rests();
  return tab;
}

async function empty(stage) {
  await past(stage);
  return (await stage.open()).page;
}

async function streaming(stage) {
  const { tab, call } = await asked(stage);
  call.say(BEGINNING);
  await tab.shows("Keep going");
  await tab.page.locator("#title", { hasText: QUESTION }).waitFor();
  return tab.page;
}

async function finished(stage) {
  return (await answered(stage)).page;
}

async function loading(stage) {
  const { page } = await answered(stage);
  await page.route(/\/sessions\/[^/]+\/(messages|events)/, () => {});
  await page.reload();
  await page.locator(".loading").waitFor();
  return page;
}

async function failed(stage) {
  const { tab, call } = await asked(stage);
  call.refuse(500, "no");
  await tab.page.locator(".failure").waitFor();
  await tab.rests();
  return tab.page;
}

async function unreachable(stage) {
  const { page } = await answered(stage);
  stage.network.breakDown();
  await page.evaluate(() => {
    const { hash } = location;
    location.hash = "#/";
    location.hash = hash;
  });
  await page.locator(".problem-state").waitFor();
  return page;
}

async function offline(stage) {
  const tab = await answered(stage);
  await stage.context.setOffline(true);
  for (const text of ["It would be 6: one more step down, 3 more.", "And does that work for fractions, too?"]) {
    await tab.say(text);
    await tab.page.locator(".is-unsent", { hasText: text }).waitFor();
  }
  return tab.page;
}

async function stopped(stage) {
  const { tab, call } = await asked(stage);
  call.say(BEGINNING);
  await tab.shows("Keep going");
  await tab.press("Stop reply");
  await tab.page.getByRole("button", { name: "Continue" }).waitFor();
  await tab.rests();
  return tab.page;
}

async function alternatives(stage) {
  const tab = await answered(stage);
  await tab.press("Regenerate reply");
  await stage.upstream.answer(OTHER);
  await tab.shows("Where would this picture");
  await tab.rests();
  return tab.page;
}

async function focus(stage) {
  const tab = await stage.open();
  await tab.say("What is the derivative of a square?");
  await tab.page.locator(".focus").waitFor();
  await tab.rests();
  await tab.page.locator(".focus summary").click();
  await tab.page.locator("#scroller").evaluate((scroller) => scroller.scrollTo(0, 0));
  return tab.page;
}

async function signIn(stage) {
  const { page } = await stage.open();
  await page.locator("#sign-in[open]").waitFor();
  return page;
}

/** `look`: the one in which the documentation shows it. */
export const STATES = {
  empty: { look: "light", play: empty },
  streaming: { look: "light", play: streaming },
  finished: { look: "dark", play: finished },
  phone: { look: "phone", play: finished },
  loading: { look: "light", play: loading },
  failed: { look: "light", settings: NO_RETRIES, play: failed },
  unreachable: { look: "phone", play: unreachable },
  offline: { look: "light", play: offline },
  stopped: { look: "light", play: stopped },
  alternatives: { look: "dark", play: alternatives },
  focus: { look: "light", settings: { practice: true, plans: true }, play: focus },
  "sign-in": { look: "light", settings: { asksForTokens: true }, play: signIn },
};
