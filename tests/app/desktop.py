"""A desktop for one person: a virtual screen, a window manager and `hearth`, driven by keys and clicks as a hand would.

Pictures stay under $CARGO_TARGET_DIR/screens. Needs Xvfb, openbox, xdotool, xclip and ImageMagick.
"""

import json
import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "net"))

from lab import skip, until  # noqa: E402
from peers import binary, target  # noqa: E402

TOOLS = ["Xvfb", "openbox", "xdotool", "xclip", "import", "compare"]
SIZE = (1280, 720)
# How long a picture that stands still stands.
STANDS_S = 0.3


def need_tools():
    for tool in TOOLS:
        if not shutil.which(tool):
            skip(f"{tool} is not installed")


def screens():
    folder = os.path.join(target(), "screens")
    os.makedirs(folder, exist_ok=True)
    return folder


class Desktop:
    """One person's screen, home folder and running client, on one host of the lab."""

    def __init__(self, lab, host, name, args=(), env=None):
        self.lab, self.host, self.name = lab, host, name
        self.person = lab.path(f"{name}.person")
        self.home = os.path.join(self.person, "hearth")
        self.log = lab.path(f"{name}.client.log")
        runtime = os.path.join(self.person, "run")
        os.makedirs(runtime, mode=0o700, exist_ok=True)
        # Nothing of the machine's own session: no keychain, no settings, no other display.
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "HEARTH_LAB", "CARGO_TARGET_DIR", "RUST_LOG")}
        self.env = {**kept, "HOME": self.person, "XDG_RUNTIME_DIR": runtime, "LC_ALL": "C.UTF-8"}
        self.env["HEARTH_KEYCHAIN"] = "off"
        self.env.update(env or {})
        self.env["DISPLAY"] = self._screen()
        self._start(["openbox"], "openbox")
        self.args = args
        self.open()

    def open(self):
        """Starts the client; again, once it has ended."""
        self.started = time.monotonic()
        size = f"{SIZE[0]}x{SIZE[1]}"
        words = [binary("HEARTH", "hearth"), "--home", self.home, "--size", size, "--reduced-motion", *self.args]
        self.client = self._start(words, "client")
        self.window, self.shown_after = until(self._find_window, 60, f"{self.name}'s window")

    def _start(self, words, log):
        with open(self.lab.path(f"{self.name}.{log}.log"), "ab") as out:
            process = subprocess.Popen(self.host.command(*words), env=self.env, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        self.lab.at_end.append(lambda: process.poll() is None and process.kill())
        return process

    def _screen(self):
        read, write = os.pipe()
        size = f"{SIZE[0] + 40}x{SIZE[1] + 80}x24"
        # Its pixels lie in a file there, for who looks often.
        self.frames = os.path.join(self.person, "frames")
        os.makedirs(self.frames, exist_ok=True)
        words = ["Xvfb", "-displayfd", str(write), "-screen", "0", size, "-nolisten", "tcp", "-noreset", "-fbdir", self.frames]
        process = subprocess.Popen(self.host.command(*words), env=self.env, pass_fds=[write],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(write)
        self.lab.at_end.append(process.kill)
        with os.fdopen(read) as answer:
            number = answer.readline().strip()
        assert number, "Xvfb did not start"
        return f":{number}"

    def run(self, *words, data=None, check=True):
        """Runs a tool on this screen."""
        done = subprocess.run(self.host.command(*words), env=self.env, input=data, capture_output=True)
        assert not check or done.returncode == 0, f"{words[0]}: {done.stderr.decode()}"
        return done.stdout

    def alive(self):
        if self.client.poll() is not None:
            with open(self.lab.path(f"{self.name}.client.log"), errors="replace") as log:
                raise AssertionError(f"{self.name}'s client ended with {self.client.returncode}: {log.read()[-2000:]}")

    def _find_window(self):
        self.alive()
        found = self.run("xdotool", "search", "--onlyvisible", "--name", "Hearth", check=False).split()
        return found[0].decode() if found else None

    # Hands.

    def key(self, *keys):
        self.run("xdotool", "key", "--clearmodifiers", "--delay", "60", *keys)

    def keys_at_once(self, *keys):
        """Faster than any frame."""
        self.run("xdotool", "key", "--clearmodifiers", "--delay", "0", *keys)

    def type(self, text):
        self.run("xdotool", "type", "--clearmodifiers", "--delay", "25", text)

    def click(self, x, y):
        """Clicks a point of the window, in its own pixels."""
        self.run("xdotool", "mousemove", "--window", self.window, str(x), str(y), "click", "1")

    def press(self, x, y):
        """A click that lasts, as one on what can be dragged."""
        self.run("xdotool", "mousemove", "--window", self.window, str(x), str(y), "mousedown", "1", "sleep", "0.2", "mouseup", "1")

    def key_down(self, key):
        self.run("xdotool", "keydown", key)

    def key_up(self, key):
        self.run("xdotool", "keyup", key)

    def copied(self):
        """What is on the clipboard."""
        return self.run("xclip", "-o", "-selection", "clipboard", check=False).decode()

    def put_on_clipboard(self, text):
        # xclip stays behind to serve the text, so its output must not be a pipe that is waited for.
        subprocess.run(self.host.command("xclip", "-i", "-selection", "clipboard"), env=self.env, input=text.encode(),
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)

    def ctl(self, *words):
        """`hearth ctl`; gives its `ok`."""
        answer = json.loads(self.run(binary("HEARTH", "hearth"), "--home", self.home, "ctl", *words, check=False))
        assert "ok" in answer, answer
        return answer["ok"]

    # Eyes.

    def shot(self, name):
        """Keeps a picture of the window; gives its path."""
        self.alive()
        path = os.path.join(screens(), f"{self.name}-{name}.png")
        self.run("import", "-silent", "-window", self.window, path)
        return path

    def pixels(self):
        """The window's content as bytes, to be compared."""
        self.alive()
        return self.run("import", "-silent", "-window", self.window, "-depth", "8", "rgb:-")

    def block(self, color, least, most):
        """The middle of the first solid bar of `color` (three bytes) that is `least` to `most` pixels wide, or None."""
        picture, at = self.pixels(), -1
        while (at := picture.find(color * least, at + 1)) >= 0:
            if at % 3:
                continue
            end = at
            while picture[end:end + 3] == color:
                end += 3
            width, (y, x) = (end - at) // 3, divmod(at // 3, SIZE[0])
            if width <= most:
                return x + width // 2, y + 8
            at = end
        return None

    def settle(self, deadline_s=20, after=None):
        """Waits until the picture differs from `after`, where given, and then stands still; gives it."""
        held = [None, 0.0]

        def still():
            now = self.pixels()
            if now != held[0]:
                held[:] = now, time.monotonic()
            # A busy machine may draw no frame between two looks, so it has to stand for a while.
            return now if now != after and time.monotonic() - held[1] > STANDS_S else None

        return until(still, deadline_s, f"{self.name}'s picture to change and stand still")[0]

    def quit(self, deadline_s=20):
        """Ends the client the way its window button does."""
        self.ctl("quit")
        assert self.client.wait(deadline_s) == 0
