"""Speech in, envelopes out: what was said is found again in what was heard. Standard library and espeak-ng only."""

import array
import math
import shutil
import subprocess
import sys
import wave

RATE = 48_000
BLOCK = RATE // 100
VOICES = ["en+m1", "en+f2", "en+m3", "en+f4", "en+m5", "en+f1", "en+m7", "en+f3", "en+m2", "en+f5", "en+m4", "en+m6"]
LINES = [
    "The roof of the mill is open tonight, and nobody looked up once.",
    "I said it before and I say it again: bring snacks, bring lamps, bring friends.",
    "Two doors down the hall there is a room that never closes.",
    "Somebody fell through the floor and then, somehow, won the whole round.",
    "Whoever is late pays for the tea, and whoever is early makes it.",
    "The new map is large, quiet, and full of chimneys.",
    "Nine of us were there, and every one of us heard a different story.",
    "Do not trust the bridge. It looks kind, but it is not.",
    "We meet at nine, we start at ten, and we are done when we are done.",
    "My neighbour plays the trumpet. He is getting better, slowly.",
    "There is a fox in the garden, and it knows the way by now.",
    "One more round, said everybody, four hours ago.",
]


def need_espeak():
    if not shutil.which("espeak-ng"):
        print("SKIP: espeak-ng is not installed")
        sys.exit(77)


def speech(path, n, before_s, total_s):
    """Writes a 48 kHz mono file in which voice `n` speaks after a silence; gives its samples."""
    raw = str(path) + ".espeak.wav"
    words = ["espeak-ng", "-v", VOICES[n % len(VOICES)], "-s", "150", "-w", raw, LINES[n % len(LINES)]]
    subprocess.run(words, check=True, capture_output=True)
    with wave.open(raw) as w:
        rate, samples = w.getframerate(), array.array("h", w.readframes(w.getnframes()))
    out = array.array("h", bytes(2 * int(before_s * RATE)))
    for i in range(len(samples) * RATE // rate):
        at = i * rate / RATE
        j, part = int(at), at - int(at)
        a, b = samples[j], samples[min(j + 1, len(samples) - 1)]
        out.append(int(a + (b - a) * part))
    del out[int(total_s * RATE):]
    out.extend([0] * (int(total_s * RATE) - len(out)))
    with wave.open(str(path), "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(RATE)
        w.writeframes(out.tobytes())
    return out


def read(path):
    """A file's samples, both ears added."""
    with wave.open(str(path)) as w:
        assert w.getframerate() == RATE, w.getframerate()
        channels, width = w.getnchannels(), w.getsampwidth()
        data = w.readframes(w.getnframes())
    if width == 2:
        samples = array.array("h", data)
    else:
        samples = array.array("f", data) if width == 4 else None
        samples = array.array("h", (int(max(-1.0, min(1.0, s)) * 32767) for s in samples))
    if channels == 1:
        return samples
    return array.array("i", (samples[i] + samples[i + 1] for i in range(0, len(samples) - 1, 2)))


def envelope(samples):
    """Loudness of each 10 ms, as the root of the root of the energy: quiet vowels count, hiss does not."""
    out = []
    for at in range(0, len(samples) - BLOCK, BLOCK):
        energy = sum(s * s for s in samples[at:at + BLOCK:4]) / (BLOCK / 4)
        out.append(max(energy - 900.0, 0.0) ** 0.25)
    return out


def alike(pattern, heard, at):
    """The correlation of an envelope with what was heard from a block on."""
    window = heard[at:at + len(pattern)]
    if at < 0 or len(window) < len(pattern):
        return 0.0
    mean, m = sum(pattern) / len(pattern), sum(window) / len(window)
    spread = math.sqrt(sum((v - mean) ** 2 for v in pattern) * sum((v - m) ** 2 for v in window))
    return sum((a - mean) * (b - m) for a, b in zip(pattern, window)) / spread if spread > 0 else 0.0


def best_match(said, heard, most_lag_s=8.0):
    """The highest correlation of an envelope with any stretch of another, and where: `(correlation, lag in s)`."""
    begin = next((i for i, v in enumerate(said) if v > 1.0), 0)
    end = len(said) - next((i for i, v in enumerate(reversed(said)) if v > 1.0), 0)
    lags = range(-100, int(most_lag_s * 100))
    return max((alike(said[begin:end], heard, begin + lag), lag / 100) for lag in lags)


def hum(path, hertz, total_s):
    """A steady hum of one pitch with the overtones of a voice, 48 kHz mono; its sixth harmonic is the strongest."""
    count = round(total_s * hertz) * RATE // hertz  # Whole periods: loops without a click.
    harmonics = [(k, 1 / k if k < 6 else 2.0 if k == 6 else 0.5 / k) for k in range(1, 16) if k * hertz < 4_000]
    period = RATE / hertz
    one = [sum(a * math.sin(2 * math.pi * k * i / period) for k, a in harmonics) for i in range(count)]
    top = max(map(abs, one))
    samples = array.array("h", (int(9_000 * v / top) for v in one))
    with wave.open(str(path), "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(RATE)
        w.writeframes(samples.tobytes())


def strength(samples, hertz, block=2 * BLOCK):
    """How loud one tone is in each 20 ms (Goertzel)."""
    turn = 2 * math.cos(2 * math.pi * hertz * 4 / RATE)
    out = []
    for at in range(0, len(samples) - block, block):
        a = b = 0.0
        for s in samples[at:at + block:4]:
            a, b = s + turn * a - b, a
        out.append(math.sqrt(max(a * a + b * b - turn * a * b, 0.0)) / (block / 8))
    return out


def silence_s(loud, floor, block=2 * BLOCK):
    """The longest time without the tone after its first block; at the end of the file too."""
    there = [i for i, v in enumerate(loud) if v >= floor] + [len(loud)]
    return max((b - a - 1 for a, b in zip(there, there[1:])), default=0) * block / RATE
