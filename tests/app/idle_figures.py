"""What the client costs while nobody touches it: updates, processor time and memory, in each state it may be left in.

Run by hand, on a quiet machine, in release: `HEARTH_PROFILE=release python3 tests/app/idle_figures.py`, after
`cargo build --release -p hearth-desktop --example gallery`. Without a graphics card the processor paints, so what its
painting threads used is told apart. Needs what `two_windows.py` needs.
"""

import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import desktop  # noqa: E402
from lab import figure, run, until  # noqa: E402
from peers import binary  # noqa: E402

WATCHED_S = int(os.environ.get("WATCHED_S", "20"))
TICKS = os.sysconf("SC_CLK_TCK")
# Threads of a graphics driver that has no card.
PAINTERS = ("llvmpipe", "lvp", "WSI")


class Gallery(desktop.Desktop):
    """The client over a made-up node."""

    def open(self):
        words = [binary("HEARTH_GALLERY", "examples/gallery"), *self.args]
        self.client = subprocess.Popen(self.host.command(*words), env=self.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL, text=True, bufsize=1)
        self.lab.at_end.append(lambda: self.client.poll() is None and self.client.kill())
        if "--hidden" not in self.args:
            self.window, _ = until(self._find_window, 60, "a window")

    def updates(self):
        self.client.stdin.write("updates\n")
        return int(self.client.stdout.readline())

    def used(self):
        """Seconds of processor so far: of the client, and of those of its threads that paint."""
        own = painting = 0
        for thread in os.listdir(f"/proc/{self.client.pid}/task"):
            with open(f"/proc/{self.client.pid}/task/{thread}/stat") as stat:
                name, numbers = stat.read().rsplit(")", 1)
            ticks = sum(map(int, numbers.split()[11:13]))
            if any(p in name for p in PAINTERS):
                painting += ticks
            else:
                own += ticks
        return own / TICKS, painting / TICKS

    def memory_mb(self):
        with open(f"/proc/{self.client.pid}/status") as status:
            lines = dict(line.split(":", 1) for line in status)
        return [int(lines[key].split()[0]) / 1000 for key in ("VmRSS", "RssAnon")]

    def watch(self, name):
        # It takes a moment to come to rest.
        time.sleep(6)
        updates, (own, painting) = self.updates(), self.used()
        time.sleep(WATCHED_S)
        updates = self.updates() - updates
        own_after, painting_after = self.used()
        resident, anonymous = self.memory_mb()
        figure(name, f"{updates} updates in {WATCHED_S} s, {own_after - own:.2f} s of processor and {painting_after - painting:.2f} s "
                     f"painting, {resident:.0f} MB resident, {anonymous:.0f} MB anonymous")


def left_alone(lab):
    hosts = lab.lan("a", "b", "c", "d")
    idle = Gallery(lab, hosts[0], "a", args=["crowd"])
    idle.watch("a conversation of 100,000 messages, focused")
    other = idle._start(["xev", "-geometry", "120x60+1190+0"], "xev")
    window, _ = until(lambda: idle.run("xdotool", "search", "--name", "Event Tester", check=False).split(), 10, "another window")
    idle.run("xdotool", "windowactivate", "--sync", window[0].decode())
    idle.watch("the same, another window in front")
    idle.run("xdotool", "windowminimize", idle.window)
    idle.watch("the same, minimised")
    idle.client.kill()
    other.kill()
    silent = Gallery(lab, hosts[1], "b", args=["lounge", "--people", "8", "--speaking", "0"])
    silent.watch("a room of eight, silent, focused")
    silent.client.kill()
    three = Gallery(lab, hosts[2], "c", args=["lounge", "--people", "8", "--speaking", "3"])
    three.watch("a room of eight, three speak, focused")
    three.run("xdotool", "windowminimize", three.window)
    three.watch("the same, minimised")
    three.client.kill()
    hidden = Gallery(lab, hosts[3], "d", args=["lounge", "--people", "8", "--speaking", "3", "--hidden", "on"])
    assert hidden._find_window() is None, "a hidden window is on the screen"
    hidden.watch("a room of eight, three speak, started without a window")
    figure("load", f"{os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    desktop.need_tools()
    run(left_alone)
