#!/usr/bin/env python3
"""Without any display, `hearth --screenshot FILE` still draws the client; without that it says what to do."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "net"))

from desktop import screens  # noqa: E402
from lab import figure, run  # noqa: E402
from peers import binary  # noqa: E402

SEEN_COLOURS = 16


def start(lab, *words):
    env = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    words = [binary("HEARTH", "hearth"), "--home", lab.path("home"), *words]
    return subprocess.run(words, env=env, capture_output=True, text=True, timeout=120)


def the_client_draws_itself_into_a_file(lab):
    path = os.path.join(screens(), "off-screen.png")
    if os.path.exists(path):
        os.remove(path)
    done = start(lab, "--screenshot", path, "--size", "1280x720")
    assert done.returncode == 0, done.stderr[-2000:]
    facts = subprocess.run(["identify", "-format", "%w %h %k", path], check=True, capture_output=True, text=True).stdout
    width, height, colours = map(int, facts.split())
    figure("picture", f"{width}x{height}, {colours} colours")
    assert (width, height) == (1280, 720) and colours > SEEN_COLOURS


def no_display_gets_a_plain_answer(lab):
    done = start(lab)
    assert done.returncode != 0
    assert "panicked" not in done.stderr and "screen" in done.stderr, done.stderr
    figure("said", done.stderr.splitlines()[0])


if __name__ == "__main__":
    run(the_client_draws_itself_into_a_file, no_display_gets_a_plain_answer)
