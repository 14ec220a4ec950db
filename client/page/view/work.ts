/** How much is drawn in one frame, counted in characters, so that it is the same on every machine. */

/** What may be done until the page has answered others. */
export interface Work {
  /** False when so much is too much for now. */
  take(characters: number): boolean;
}

const PER_FRAME = 49_152;

let left = PER_FRAME;
let renewing = false;

/** Shared by all messages: one that finds nothing left is drawn in a later frame. */
export const frameWork: Work = {
  take(characters) {
    if (left <= 0) return false;
    left -= characters;
    if (!renewing) {
      renewing = true;
      // After what is done in this frame, also where none is drawn.
      setTimeout(() => {
        renewing = false;
        left = PER_FRAME;
      });
    }
    return true;
  },
};
