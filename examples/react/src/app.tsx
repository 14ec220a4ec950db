import { useState } from "react";
import { HttpStreamingDemo } from "tutorstream/react";

import { PocketTutor } from "./pocket-tutor";

/** The ready-made component, and beside it a view of one's own on the hook. */
export function App() {
  const [own, setOwn] = useState(false);
  return (
    <main>
      <h1>A tutor in React</h1>
      <label>
        <input type="checkbox" checked={own} onChange={(event) => setOwn(event.target.checked)} /> a view of my own
      </label>
      {own ? <PocketTutor /> : <HttpStreamingDemo />}
    </main>
  );
}
