"""A process that does nothing but look at the clock: where it stood still, the machine did, and not what is measured.

As a module it runs such a process beside a measurement; called, it is one. Standard library only.
"""

import subprocess
import sys
import time

STEP_S = 0.005
# Sound is made of blocks of 10 ms, and buffers hold some of them.
STOOD_S = 0.04


class Witness:
    """Runs until it is asked."""

    def __enter__(self):
        self.process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.stood = []
        return self

    def __exit__(self, *_):
        said, _ = self.process.communicate()
        self.stood = [tuple(map(float, line.split())) for line in said.splitlines()]

    def most_s(self):
        """The longest that nothing moved."""
        return max((length for _, length in self.stood), default=0.0)


def watch():
    """Prints when, by the monotonic clock, and how long nothing moved, until its input ends."""
    import threading
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    last = time.monotonic()
    while not ended.is_set():
        time.sleep(STEP_S)
        now = time.monotonic()
        if now - last >= STOOD_S:
            print(f"{last:.3f} {now - last:.3f}")
        last = now


if __name__ == "__main__":
    watch()
