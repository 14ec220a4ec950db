/** What the samples leave to their reader. */

declare function fetchToken(): Promise<string>;
declare function render(snapshot: import("tutorstream").ChatSnapshot): void;
declare const client: import("tutorstream").TutorClient;
