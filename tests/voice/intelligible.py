"""How well what was heard can be understood: STOI (Taal et al., 2011), from 0 to 1.

Called by others it needs the standard library only. The figures are made by this file run as a program, by a Python that has
`pystoi`: HEARTH_STOI_PYTHON, or one put under the target folder the first time, which needs the network.
"""

import json
import os
import subprocess
import sys
import venv

NEEDED = ["pystoi==0.4.1"]
RATE = 16_000
# Sound is stretched on the way and has no single lag: each window is aligned by itself, this near to the whole.
WINDOW = RATE // 2
NEAR = RATE // 10


def interpreter(target, *more):
    """A Python that can do it, and has `more` packages; made if need be, nothing where it can't be had."""
    if given := os.environ.get("HEARTH_STOI_PYTHON"):
        return given
    home = os.path.join(target, "-".join(["stoi", *(package.split("=")[0] for package in more)]))
    python, whole = os.path.join(home, "bin", "python"), os.path.join(home, "whole")
    if not os.path.exists(whole):
        venv.create(home, with_pip=True, clear=True)
        done = subprocess.run([python, "-m", "pip", "install", "--quiet", *NEEDED, *more], capture_output=True, text=True)
        if done.returncode != 0:
            print(done.stderr.strip())
            return None
        open(whole, "w").close()
    return python


def scores(python, pairs):
    """STOI of each `(said, heard, begin_s, end_s, lag_s)`: a stretch of the first file, heard later in the second."""
    done = subprocess.run([python, __file__], input=json.dumps(pairs), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def main():
    import wave

    import numpy as np
    from pystoi import stoi
    from scipy.signal import correlate, resample_poly

    def sound(path):
        with wave.open(path) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).reshape(-1, file.getnchannels())
            return resample_poly(samples.mean(axis=1), RATE, file.getframerate())

    def lag(window, region):
        """Where in a region a window is found, and how alike the two are there."""
        power = np.concatenate([[0.0], np.cumsum(region**2)])
        alike = correlate(region, window, "valid", "fft") / np.sqrt(power[len(window):] - power[: -len(window)] + 1.0)
        return int(np.argmax(alike))

    def aligned(said, heard, late):
        """What was heard, put where it was said."""
        begin = max(late - NEAR, 0)
        late = begin + lag(said, heard[begin : late + len(said) + NEAR])
        out = np.zeros_like(said)
        for at in range(0, len(said), WINDOW):
            window = said[at : at + WINDOW]
            begin = max(at + late - NEAR, 0)
            region = heard[begin : at + late + len(window) + NEAR]
            found = begin + lag(window, region) if window.any() else at + late
            piece = heard[found : found + len(window)]
            out[at : at + len(piece)] = piece
        return out

    files = {}
    figures = []
    for said, heard, begin_s, end_s, lag_s in json.load(sys.stdin):
        for path in (said, heard):
            if path not in files:
                files[path] = sound(path)
        stretch = files[said][int(begin_s * RATE) : int(end_s * RATE)]
        late = int((begin_s + lag_s) * RATE)
        figures.append(float(stoi(stretch, aligned(stretch, files[heard], late), RATE)))
    json.dump(figures, sys.stdout)


if __name__ == "__main__":
    main()
