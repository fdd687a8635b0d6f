#!/usr/bin/env python3
"""Voice rooms as pictures, beside the ones that were found good: each layout with 1, 8 and 25 people, dark and light.

The client draws off-screen with a software renderer over a made-up node, at a fixed time. `HEARTH_BLESS=1` keeps what it
draws now as the good ones: open them first. What differs is left under $CARGO_TARGET_DIR/screens. Run by hand: it takes two
minutes, and another software renderer may round colours in another way. Needs ImageMagick and xvfb-run.
"""

import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "net"))

from peers import target  # noqa: E402

GOOD = os.path.join(HERE, "lounge")
GALLERY = os.path.join(target(), "debug", "examples", "gallery")
PLANS = ["fireside", "living_room", "theatre", "squads"]
# Seen from afar, greatest difference of a pixel, of its whole range. The good ones have 200 colours, which takes 0.14; a ring
# that is not lit makes 0.5.
BOUND = 0.2
SIZE, AFAR = "640x360", "128x72!"


def scenes():
    for plan in PLANS:
        for theme in ("dark", "light"):
            for people, speaking in ((1, 0), (8, 2), (25, 4)):
                yield f"{plan}-{people}-{theme}", ["--plan", plan, "--theme", theme, "--people", people, "--speaking", speaking]
        yield f"{plan}-silent", ["--plan", plan, "--people", 8, "--speaking", 0]
        yield f"{plan}-still", ["--plan", plan, "--people", 8, "--speaking", 2, "--still", "on"]


def draw(path, words):
    command = ["xvfb-run", "-a", GALLERY, "lounge", "--picture", path, *map(str, words)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)


def differs(a, b):
    words = ["compare", "-metric", "PAE", "(", a, "-resize", AFAR, ")", "(", b, "-resize", AFAR, ")", "null:"]
    said = subprocess.run(words, capture_output=True, text=True).stderr
    return float(said.split("(")[1].split(")")[0])


def main():
    bless = bool(os.environ.get("HEARTH_BLESS"))
    screens = os.path.join(target(), "screens")
    os.makedirs(screens, exist_ok=True)
    os.makedirs(GOOD, exist_ok=True)
    worst, failed = 0.0, []
    with tempfile.TemporaryDirectory() as folder:
        for name, words in scenes():
            drawn, small = os.path.join(folder, "a.png"), os.path.join(folder, f"{name}.png")
            draw(drawn, words)
            subprocess.run(["convert", drawn, "-resize", SIZE, "-depth", "8", "-strip", small], check=True)
            good = os.path.join(GOOD, f"{name}.png")
            if bless:
                subprocess.run(["convert", small, "-colors", "200", "-define", "png:compression-level=9", good], check=True)
            off = differs(small, good)
            worst = max(worst, off)
            if off > BOUND:
                failed.append(f"{name}: {off:.4f}")
                os.replace(small, os.path.join(screens, f"lounge-{name}.png"))
    print(f"{len(list(scenes()))} pictures, at most {worst:.4f} of the range off")
    print("\n".join(["FAIL", *failed]) if failed else "OK")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
