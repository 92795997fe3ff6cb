// Tests that were made and never ended, and files without tests. Node's runner counts only what a file reports: one that calls
// process.exit(0) half way would pass, and so would one that has no test at all.

const failed = (file, why) => ({
  type: 'test:fail',
  data: {
    name: file,
    file,
    line: 1,
    column: 1,
    nesting: 0,
    testNumber: 0,
    details: { duration_ms: 0, error: { code: 'ERR_TEST_FAILURE', failureType: 'testCodeFailure', cause: why } },
  },
});

export class TestEnds {
  /** By the file where they are written: how many outermost tests were made and did not end yet. */
  #open = new Map();

  /** The event, or the failure of a file that passes because nothing in it could fail. */
  note(event) {
    const { type, data } = event;
    const { file, name, nesting } = data;
    if (file === undefined || nesting !== 0) return event;
    if (name === file) {
      if (type === 'test:fail') this.#open.delete(file); // it crashed, which is its failure
      return type === 'test:pass' ? failed(file, 'it ended without a test') : event;
    }
    const change = { 'test:enqueue': 1, 'test:pass': -1, 'test:fail': -1 }[type] ?? 0;
    this.#open.set(file, (this.#open.get(file) ?? 0) + change);
    return event;
  }

  /** To be asked when all files have ended. */
  *failures() {
    for (const [file, open] of this.#open) {
      if (open > 0) yield failed(file, `it ended before ${open} of its tests did`);
    }
  }
}
