#!/usr/bin/env python3
"""Chromium's own receiver on the lines that `loss_curve` gave to our jitter buffer: the same Opus packets, lost and late alike.

    LINES=1 loss_curve SPEECH.wav OUT_DIR 1 > OUT_DIR/figures.csv
    chromium_curves.py OUT_DIR
    curves.py OUT_DIR

Plays up to five lines at once, in real time, through a relay that lets each packet arrive when its line says, and adds a row
`chromium` a line to the figures, as far as it is not there yet. Chromium decodes, conceals and stretches as it does in any
call, and what it plays is recorded in the page; it makes no use of deep redundancy. A line that loses and delays nothing
must be clean, or the machine was too slow to judge by.
Needs `chromium` and `numpy`, `scipy`, `soundfile`. Build first: `cargo build -p hearth-rtc --example line`.
"""

import csv
import json
import os
import sys

import numpy as np
import soundfile
from scipy.signal import correlate

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "net"))
import lab  # noqa: E402
from bridge import CHROMIUM, Bridge, browse  # noqa: E402
from peers import target  # noqa: E402

LINE = os.path.join(target(), os.environ.get("HEARTH_PROFILE", "debug"), "examples", "line")
RATE = 48_000
SLOTS = 5
# Silence before what was heard, so that no stretch of it comes before it was said.
LEAD_S = 0.3
# Of a line without loss: more than this made up, and the machine was too busy.
CLEAN_PERCENT = 1.0


class Line(Bridge):
    """A sender of lines, and what the page heard of each."""

    def __init__(self, world, lines):
        self.heard = {}
        self.late_ms = None
        super().__init__(world, [LINE, *lines], "chromium_curves.html")

    def line(self, kind, rest):
        if kind == "late":
            self.late_ms = float(rest)

    def posted(self, path, body):
        if not path.startswith("/heard/"):
            return False
        self.heard.setdefault(int(path.split("/")[2]), []).append(body)
        return True

    def sound(self, slot):
        return np.frombuffer(b"".join(self.heard.get(slot, [])), dtype="<i2").astype(np.float32) / 32768


def play(world, lines, seconds):
    """What Chromium plays of each line, its figures, and how late the worst packet was."""
    bridge = Line(world, lines)
    browse(world, bridge.url, "--allow-loopback-in-peer-connection")
    lab.until(lambda: bridge.said.get("state") == "connected" or bridge.said.get("errors"), 60, "the browser connected")
    bridge.tell("play")
    lab.until(lambda: bridge.late_ms is not None, seconds + 30, "all was played")
    want = (seconds + 1) * RATE * 2
    lab.until(lambda: all(len(b"".join(bridge.heard.get(s, []))) >= want for s in range(len(lines))), 10, "all was recorded")
    assert not bridge.said["errors"], bridge.said["errors"]
    return [(bridge.sound(s), bridge.said["slots"][str(s)]) for s in range(len(lines))], bridge.late_ms


def loudness(sound):
    blocks = sound[: len(sound) // 480 * 480].reshape(-1, 480)
    return np.maximum((blocks**2).mean(1) - 1e-6, 0) ** 0.25


def trimmed(reference, heard):
    """What was heard from a little before it was said, by the loudness of all of it."""
    a, b = loudness(reference), loudness(heard)
    late = int(np.argmax(correlate(b - b.mean(), a - a.mean(), "full"))) - (len(a) - 1)
    begin = int(late * 480 - LEAD_S * RATE)
    return np.concatenate([np.zeros(max(-begin, 0), np.float32), heard[max(begin, 0):]])


def key_of(row):
    return "-".join(row[k] for k in ("rate", "loss", "jitter_ms", "seed"))


def chromium_hears_the_same_lines(world):
    folder = os.path.abspath(FOLDER)
    with open(os.path.join(folder, "figures.csv"), newline="") as figures:
        reader = csv.DictReader(figures)
        names, rows = reader.fieldnames, list(reader)
    played = {key_of(row) for row in rows if row["who"] == "chromium"}
    ours = [row for row in rows if row["who"] == "ours" and key_of(row) not in played]
    reference, rate = soundfile.read(os.path.join(folder, "reference.wav"), dtype="float32")
    assert rate == RATE
    seconds = len(reference) / RATE
    assert ours, "every line was played already; remove the rows of chromium to play them again"
    for at in range(0, len(ours), SLOTS):
        batch = ours[at : at + SLOTS]
        keys = [key_of(row) for row in batch]
        with lab.Lab() as inner:
            heard, late_ms = play(inner, [os.path.join(folder, f"line-{key}.txt") for key in keys], seconds)
        lab.figure(f"lines {at + 1} to {at + len(batch)}: a packet late by at most", f"{late_ms:.1f} ms; load {os.getloadavg()[0]:.1f}")
        for row, key, (sound, s) in zip(batch, keys, heard):
            file = f"chromium-{key}.wav"
            soundfile.write(os.path.join(folder, file), trimmed(reference, sound), RATE)
            emitted = max(s["emitted"], 1)
            concealed = 100 * (s["concealed"] - s["silent"]) / (seconds * RATE)
            whole = {"who": "chromium", "concealed_percent": f"{concealed:.2f}", "fec": 0, "dred": 0, "file": file}
            whole |= {"target_ms": round(1000 * s["target_s"] / emitted), "delay_ms": round(1000 * s["delay_s"] / emitted)}
            rows.append(row | whole)
            lab.figure(key, json.dumps({**s, "concealed_percent": round(concealed, 2)}))
            if row["loss"] == "0" and row["jitter_ms"] == "0":
                assert concealed < CLEAN_PERCENT, f"{concealed:.2f} % made up on a perfect line: too busy a machine"
        with open(os.path.join(folder, "figures.csv"), "w", newline="") as figures:
            writer = csv.DictWriter(figures, names)
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    if not CHROMIUM:
        lab.skip("chromium is not installed")
    if not os.path.exists(LINE):
        raise SystemExit(f"{LINE} is not built: cargo build -p hearth-rtc --example line")
    if len(sys.argv) < 2:
        raise SystemExit("chromium_curves.py OUT_DIR")
    FOLDER = sys.argv[1]
    lab.enter()
    del sys.argv[1:]  # What follows would be names of checks.
    lab.run(chromium_hears_the_same_lines)
