"""Scores what `loss_curve` wrote: PESQ-WB and STOI a point, ours beside the `neteq` crate, and beside Chromium where
`chromium_curves.py` added it.

    curves.py OUT_DIR        scores the files of one run (its figures in OUT_DIR/figures.csv)

Stretched sound has no single lag: each window is aligned by itself. `held` is a buffer's own account of its delay; Chromium's
files begin at no known time, so of it there is no lag. That of `neteq` is the last one, not the mean.
Needs numpy, scipy, soundfile, pesq, pystoi.
"""

import csv
import sys
import warnings
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import mean

import numpy as np
import soundfile
from pesq import PesqError, pesq
from pystoi import stoi
from scipy.signal import correlate, resample_poly

RATE = 16_000
PESQ_WINDOW = 5 * RATE
STOI_WINDOW = RATE // 2
# Sound may be heard this much later than it was spoken.
LATEST = RATE


def heard_at(path):
    sound, rate = soundfile.read(path)
    return resample_poly(sound, RATE, rate) if rate != RATE else sound


def lag(reference, heard, begin, length):
    """Samples by which a window of the reference is heard later; and how alike the two are."""
    window = reference[begin : begin + length]
    region = heard[begin : begin + length + LATEST]
    if len(region) < length or not window.any():
        return None, 0.0
    cross = correlate(region, window, "valid", "fft")
    power = np.concatenate([[0.0], np.cumsum(region**2)])
    energy = power[length:] - power[:-length]
    alike = cross / np.sqrt(energy * np.sum(window**2) + 1e-9)
    best = int(np.argmax(alike))
    return best, float(alike[best])


def score(job):
    reference_path, path = job
    warnings.simplefilter("ignore")
    reference, heard = heard_at(reference_path), heard_at(path)
    lags, scores = [], []
    warped = np.zeros_like(reference)
    for begin in range(0, len(reference) - STOI_WINDOW, STOI_WINDOW):
        late, alike = lag(reference, heard, begin, STOI_WINDOW)
        if late is None:
            continue
        if alike > 0.5:
            lags.append(1000 * late / RATE)
        piece = heard[begin + late : begin + late + STOI_WINDOW]
        warped[begin : begin + len(piece)] = piece
    for begin in range(0, len(reference) - PESQ_WINDOW // 2, PESQ_WINDOW):
        length = min(PESQ_WINDOW, len(reference) - begin)
        late, _ = lag(reference, heard, begin, length)
        if late is None:
            continue
        try:
            scores.append(pesq(RATE, reference[begin : begin + length], heard[begin + late : begin + late + length], "wb"))
        except PesqError:
            continue
    delay = float(np.median(lags)) if lags else float("nan")
    return mean(scores) if scores else float("nan"), float(stoi(reference, warped, RATE)), delay


def main():
    folder = Path(sys.argv[1])
    with open(folder / "figures.csv", newline="") as figures:
        rows = list(csv.DictReader(figures))
    jobs = [(folder / "reference.wav", folder / row["file"]) for row in rows]
    with ProcessPoolExecutor(2) as pool:
        results = list(pool.map(score, jobs))
    points = defaultdict(lambda: defaultdict(list))
    for row, result in zip(rows, results):
        key = (int(row["rate"]), int(row["loss"]), int(row["jitter_ms"]))
        figures = (float(row["concealed_percent"]), int(row["fec"]), int(row["dred"]), int(row["delay_ms"]))
        points[key][row["who"]].append((*result, *figures))
    others = ["neteq"] + ["chromium"] * all("chromium" in sides for sides in points.values())
    names = " ".join(["ours", *others])
    print(f"kbit/s loss jitter | PESQ {names} | STOI {names} | lag ms ours neteq | held ms {names} | made up %  FEC DRED | runs")
    worse = {who: 0 for who in others}
    for (rate, loss, jitter), sides in sorted(points.items()):
        means = [[mean(values) for values in zip(*sides[who])] for who in ("ours", *others)]
        ours = means[0]
        for who, other in zip(others, means[1:]):
            worse[who] += ours[0] < other[0] - 0.005
        pesqs, stois = " ".join(f"{m[0]:5.2f}" for m in means), " ".join(f"{m[1]:5.3f}" for m in means)
        held = " ".join(f"{m[6]:4.0f}" for m in means)
        print(
            f"{rate // 1000:6} {loss:4} {jitter:6} | {pesqs} | {stois} |"
            f" {ours[2]:11.0f} {means[1][2]:5.0f} | {held} | {ours[3]:9.2f} {ours[4]:4.0f} {ours[5]:4.0f} | {len(sides['ours'])}"
        )
    print(f"points where ours is worse: {worse}")
    sys.exit(1 if any(worse.values()) else 0)


if __name__ == "__main__":
    main()
