// A model that writes what it should not. The stage's witness fails a test for any dialog, request or policy report.

import assert from "node:assert/strict";

import { ABSURD, ATTACKS } from "./stage/attacks.js";
import { Witness, browser } from "./stage/browser.js";
import { bundle } from "./stage/bundle.js";
import { inspect } from "./stage/inspection.js";
import { scene } from "./stage/scene.js";

/** What is found in the replies that are on the page. */
async function findings(tab) {
  await tab.isQuiet();
  return tab.page.evaluate(inspect);
}

/** Runs inside the page: every stream reaches its code split at every byte. */
function crumble() {
  const whole = globalThis.fetch;
  globalThis.crumbs = 0;
  globalThis.fetch = async (...request) => {
    const response = await whole(...request);
    if (!response.headers.get("content-type")?.startsWith("text/event-stream")) return response;
    const split = new TransformStream({
      transform(chunk, out) {
        globalThis.crumbs += chunk.length;
        for (const byte of chunk) out.enqueue(Uint8Array.of(byte));
      },
    });
    Object.defineProperty(response, "body", { value: response.body.pipeThrough(split) });
    return response;
  };
}

scene("the page comes with a policy that forbids what it does not need", {}, async (stage) => {
  const response = await stage.ask("/");
  const policy = response.headers.get("content-security-policy").split(/;\s*/);
  for (const directive of [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types dompurify",
  ]) {
    assert.ok(policy.includes(directive), directive);
  }
});

scene("these tests would notice a dialog, an error, a policy report and a request elsewhere", {}, async (stage) => {
  const context = await (await browser()).newContext(stage.contextOptions);
  const witness = new Witness(stage.network.origin);
  await witness.watch(context);
  const page = await context.newPage();
  await page.goto(stage.network.origin);
  await page.evaluate(() => {
    const image = document.createElement("img");
    image.src = "https://e.example/x.png";
    document.body.append(image);
    setTimeout(() => alert(1));
    queueMicrotask(() => {
      throw new Error("on purpose");
    });
  });
  const kinds = ["console:", "dialog:", "error:", "policy:", "request:"];
  const isMissing = (kind) => !witness.trouble.some((line) => line.startsWith(kind));
  while (kinds.some(isMissing)) await page.evaluate(() => {});
  await assert.rejects(page.goto("http://e.example/"));
  assert.deepEqual(stage.outside.requests.splice(0), ["GET http://e.example/"]);
  await context.close();
});

scene("hostile Markdown is harmless at every prefix of its bytes", {}, async (stage) => {
  const { context, network } = stage;
  await context.addInitScript(`globalThis.inspectReplies = ${inspect};`);
  // The page under its policy, but with the one part of its code that is asked here.
  const [body, served] = [await bundle("client/page/view/markdown.ts"), /\/static\/dist\/page\.js$/];
  await context.route(served, (route) => route.fulfill({ contentType: "text/javascript", body }));
  const page = await context.newPage();
  await page.goto(network.origin);
  const found = await page.evaluate(
    async (attacks) => {
      const { MarkdownView } = await import("/static/dist/page.js");
      const root = document.body.appendChild(document.createElement("div"));
      root.className = "prose";
      const report = [];
      new MarkdownView(root).show("$x$");
      // From now on formulas are typeset at once.
      while (root.querySelector("math") === null) await new Promise(requestAnimationFrame);
      root.replaceChildren();
      const turn = () => new Promise((done) => setTimeout(done));
      for (const attack of attacks) {
        const view = new MarkdownView(root);
        const bytes = new TextEncoder().encode(attack);
        for (let end = 1; end <= bytes.length; end++) {
          const text = new TextDecoder().decode(bytes.slice(0, end));
          view.show(text, true);
          // Formulas are typeset in slices.
          if (root.querySelector(".maths")) await turn();
          report.push(...globalThis.inspectReplies().map((what) => `${what} from ${text}`));
        }
        view.show(attack);
        const whole = document.body.appendChild(root.cloneNode());
        new MarkdownView(whole).show(attack);
        await turn();
        if (!root.isEqualNode(whole)) report.push(`another end than at once: ${root.innerHTML} of ${attack}`);
        whole.remove();
        view.show("");
        if (root.childNodes.length > 0) report.push(`something is left of ${attack}`);
      }
      return report;
    },
    Object.values(ATTACKS).flat(),
  );
  assert.deepEqual(found, []);
});

for (const [kind, attacks] of Object.entries(ATTACKS)) {
  scene(`hostile ${kind}: harmless when streamed a letter at a time and split at every byte`, { mergeWindowMs: 0 }, async (stage) => {
    await stage.context.addInitScript(crumble);
    const tab = await stage.open();
    // The server takes no message with a NUL in it, and replaces those that a provider writes.
    const questions = attacks.map((attack) => attack.replaceAll("\0", "").trim());
    const replies = attacks.map((attack) => attack.replaceAll("\0", "\uFFFD"));
    for (const [at, attack] of attacks.entries()) {
      await tab.say(questions[at]);
      const call = await stage.upstream.nextCall();
      assert.equal(call.question, questions[at]);
      for (const letter of attack) call.say(letter);
      call.finish();
      await tab.rests();
      assert.deepEqual(await findings(tab), [], attack);
    }
    const stored = await stage.messages(tab);
    assert.deepEqual(stored.map(({ content }) => content), questions.flatMap((question, at) => [question, replies[at]]));
    // What a learner writes is shown as what a tutor writes.
    const shown = await tab.page.evaluate(() => {
      const all = (what) => [...document.querySelectorAll(what)].map(({ innerHTML }) => innerHTML);
      return { questions: all(".from-user .bubble"), replies: all(".from-tutor .prose") };
    });
    const alike = attacks.map((attack) => attack === attack.replaceAll("\0", "").trim());
    const those = (list) => list.filter((_, at) => alike[at]);
    assert.deepEqual(those(shown.questions), those(shown.replies));
    assert.ok((await tab.page.evaluate(() => globalThis.crumbs)) > replies.join("").length, "the streams were split");
    await tab.page.reload();
    await tab.rests();
    assert.deepEqual(await findings(tab), []);
  });
}

scene("formulas nested absurdly deep are shown and hold nothing up", {}, async (stage) => {
  const tab = await stage.open();
  await tab.say("What is a limit?");
  await stage.upstream.answer([...ABSURD, "And $x^2$ is a *square*."].join("\n\n"));
  await tab.shows("square");
  await tab.page.locator(".prose math").first().waitFor();
  await tab.rests();
  assert.deepEqual(await findings(tab), []);
});

scene("a reply may hold links, and they open elsewhere without saying where from", {}, async (stage) => {
  const tab = await stage.open();
  await tab.say("Where can I read more?");
  await stage.upstream.answer("[Here](https://e.example/limits), or write to <tutor@e.example>.");
  await tab.rests();
  const links = await tab.page.$$eval(".prose a", (all) => all.map(({ href, target, rel }) => ({ href, target, rel })));
  const rest = { target: "_blank", rel: "noopener noreferrer" };
  assert.deepEqual(links, [
    { href: "https://e.example/limits", ...rest },
    { href: "mailto:tutor@e.example", ...rest },
  ]);
});
