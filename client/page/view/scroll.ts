/** Keeps the newest text in view for as long as the reader is at the bottom, and never otherwise. */

const NEAR_PX = 56;

export class ScrollKeeper {
  readonly #scroller: HTMLElement;
  readonly #jump: HTMLElement;
  #pinned = true;
  #resting = false;
  #lastTop = 0;

  constructor(scroller: HTMLElement, content: HTMLElement, jump: HTMLElement) {
    this.#scroller = scroller;
    this.#jump = jump;
    scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    jump.addEventListener("click", () => this.toEnd());
    const observer = new ResizeObserver(() => this.follow());
    observer.observe(content);
    observer.observe(scroller);
  }

  toEnd(): void {
    this.#pinned = true;
    this.#resting = false;
    this.follow();
  }

  follow(): void {
    if (this.#pinned) this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#jump.hidden = this.#pinned || this.#resting;
  }

  /** For a page that is read from its top and has no newest text. */
  toStart(): void {
    this.#pinned = false;
    this.#resting = true;
    this.#scroller.scrollTop = 0;
    this.follow();
  }

  /** Runs a change above what is being read without moving it. */
  hold(change: () => void): void {
    const fromEnd = this.#scroller.scrollHeight - this.#scroller.scrollTop;
    change();
    this.#scroller.scrollTop = this.#scroller.scrollHeight - fromEnd;
  }

  #scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const atEnd = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    // Growing content moves the end away without the reader's doing; only an upward move lets go.
    if (scrollTop < this.#lastTop && !atEnd) this.#pinned = false;
    else if (atEnd && !this.#resting) this.#pinned = true;
    this.#lastTop = scrollTop;
    this.#jump.hidden = this.#pinned || this.#resting;
  }
}
