#!/usr/bin/env python3
"""What is left of the speakers in one's own voice, of the voice while both speak, and of noise around it.

Two voices are made by espeak-ng; one's own way out hears one of them from the speakers of a furnished room and the other in
it (`crates/io/audio/examples/echo_lines.rs`). The far voice must be down by 30 dB, 20 dB where the speakers distort, from
two seconds after it began, or after the microphone was moved, and the near voice as well understood as 0.85 (STOI) while
both speak; with echo cancelling alone and with noise and gain too. Then the gain in signal over noise of both suppressors,
in steady noise and in a babble of voices, is printed.

`echo.py [short|chain|echo|noise]`: `short` is a few scenes through the whole chain and takes half a minute, `chain` is all
of them; both are the same each time. `echo` is all of them through a transmit thread in real time, gate and encoder
included, and needs a machine that does nothing else. Without a word: `chain` and `noise`. HEARTH_RELEASE builds for release,
HEARTH_KEEP names a folder where the sounds stay. Exit 77 where espeak-ng or the Python packages can't be had.
"""

import os
import subprocess
import sys
import tempfile

import intelligible
from sound import LINES, RATE, VOICES, need_espeak

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
TARGET = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
WB = 16_000

# Far alone, both, far alone again, near alone; in seconds.
TOTAL_S = 38.0
FAR = [(1.0, 31.0)]
NEAR = [(13.0, 25.0), (32.0, 38.0)]
ALONE = [(3.0, 13.0), (26.0, 31.0)]
BOTH = (13.0, 25.0)
NEAR_ALONE = (32.0, 38.0)

LEAST_DB = {"linear": 30.0, "bent": 20.0, "clipped": 20.0, "small": 20.0, "moved": 30.0}
LEAST_STOI = 0.85
# The echo is this much louder than the near voice, in dB, and this late, in ms. An echo as loud as the voice is printed and
# not judged: there the voice is not understood so well before anything is done to it.
SCENES = [(speakers, delay, echo) for speakers in ["linear", "bent", "clipped", "small"]
          for delay, echo in [(60, -12), (60, -6), (120, -6), (60, 0)]] + [("moved", 60, -6)]
SHORT = [scene for scene in SCENES if scene[1:] == (60, -6) and scene[0] != "moved"]
# The microphone is moved in the 27th second.
SECONDS_MOVED = [(26, 27), (27, 28), (28, 29), (29, 31)]
JUDGED_UP_TO_DB = -6
HISS_DB = -65
SNRS_DB = [0, 5, 10]
NOISE_S = 30.0
SETTLED_S = 5.0
# Of the filter that is no noise, at 16 kHz, and how many of them come before the sound.
TAPS = 256
AHEAD = 16


def talk(folder, n, seconds):
    """Voice `n` for so long, without pauses but between sentences."""
    import numpy as np
    from scipy.io import wavfile
    from scipy.signal import resample_poly

    path = os.path.join(folder, f"voice{n}.wav")
    lines = " ".join(LINES[n % len(LINES):] + LINES[: n % len(LINES)])
    subprocess.run(["espeak-ng", "-v", VOICES[n % len(VOICES)], "-s", "150", "-w", path, lines], check=True)
    rate, samples = wavfile.read(path)
    samples = resample_poly(samples / 32768.0, RATE, rate)
    return np.tile(samples, int(seconds * RATE) // len(samples) + 1)[: int(seconds * RATE)]


def save(path, sound):
    import numpy as np
    from scipy.io import wavfile

    wavfile.write(path, RATE, sound.astype(np.float32))


def load(path):
    from scipy.io import wavfile

    rate, sound = wavfile.read(path)
    assert rate == RATE, rate
    return sound.astype("float64")


def power_db(sound):
    import numpy as np

    return 10 * np.log10(np.mean(sound**2) + 1e-12)


def cut(sound, stretch):
    return sound[int(stretch[0] * RATE) : int(stretch[1] * RATE)]


def aligned(said, heard, most_s=0.05):
    """What was heard, put where it was said."""
    import numpy as np
    from scipy.signal import correlate

    most = int(most_s * RATE)
    alike = correlate(np.pad(heard, (0, most)), said, "full", "fft")[len(said) - 1 : len(said) - 1 + most]
    late = int(np.argmax(alike))
    return np.pad(heard[late:], (0, late))


def understood(said, heard):
    """STOI and PESQ (wide band), of sounds equally long."""
    from pesq import PesqError, pesq
    from pystoi import stoi
    from scipy.signal import resample_poly

    heard = aligned(said, heard)
    said, heard = resample_poly(said, WB, RATE), resample_poly(heard, WB, RATE)
    try:
        quality = pesq(WB, said, heard, "wb")
    except PesqError:
        quality = float("nan")
    return stoi(said, heard, WB), quality


def run(*words):
    done = subprocess.run([program(), *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def program():
    release = bool(os.environ.get("HEARTH_RELEASE"))
    return os.path.join(TARGET, "release" if release else "debug", "examples", "echo_lines")


def build():
    command = ["cargo", "build", "--offline", "-q", "-p", "hearth-audio", "--example", "echo_lines"]
    subprocess.run(command + ["--release"] * bool(os.environ.get("HEARTH_RELEASE")), check=True, cwd=ROOT)


def echo(folder, way, scenes, chains=("", ":all")):
    """Prints every scene; gives what is below its bar. `way` is `echo` in real time, or `chain`."""
    import numpy as np

    near, far = np.zeros(int(TOTAL_S * RATE)), np.zeros(int(TOTAL_S * RATE))
    for sound, n, stretches in [(far, 1, FAR), (near, 0, NEAR)]:
        for begin, end in stretches:
            sound[int(begin * RATE) : int(end * RATE)] = 0.5 * talk(folder, n, end - begin)
    save(os.path.join(folder, "near.wav"), near)
    save(os.path.join(folder, "far.wav"), far)
    names = {f"{s}-{d}-{e}{m}": (s, d, e, m) for s, d, e in scenes for m in chains}
    words = [f"{name.replace(':', '-')}:{s}:{d}:{e}:{HISS_DB}{m}" for name, (s, d, e, m) in names.items()]
    # One scene a thread, maybe in real time: not so many at once that a sample is late.
    said = "".join(run(way, folder, *words[at : at + 6]) for at in range(0, len(words), 6))
    lost = {line.split()[0]: int(line.split()[2]) for line in said.splitlines()}
    print(f"load {os.getloadavg()[0]:.1f}; near voice: STOI and PESQ against what was said")
    print("speakers delay echo chain | echo down by (dB): from 2 s, after both | both speak: heard, out"
          + ", sent" * (way == "echo") + " | near alone: out")
    parts = ["heard", "out", "sent"][: 3 if way == "echo" else 2]
    failed = []
    for name, (speakers, delay, louder, more) in names.items():
        name = name.replace(":", "-")
        sounds = [load(os.path.join(folder, f"{name}.{part}.wav")) for part in parts]
        heard, out = sounds[:2]
        assert lost[name] == 0, f"the machine is too busy: {lost[name]} samples of {name} were lost"
        less = lambda stretch: power_db(cut(heard, stretch)) - power_db(cut(out, stretch))
        down = [less(ALONE[0]), less(ALONE[1] if speakers != "moved" else SECONDS_MOVED[-1])]
        both = [understood(cut(near, BOTH), cut(sound, BOTH)) for sound in sounds]
        single = understood(cut(near, NEAR_ALONE), cut(out, NEAR_ALONE))
        text = lambda pair: f"{pair[0]:.3f} {pair[1]:.2f}"
        print(f"{speakers:8} {delay:5} {louder:+4} {'all ' if more else 'echo'}  | {down[0]:5.1f} {down[1]:5.1f} | "
              + ", ".join(map(text, both)) + f" | {text(single)}", flush=True)
        if speakers == "moved":
            print("    before the microphone is moved, first second after, second, third and fourth: "
                  + ", ".join(f"{less(stretch):.1f}" for stretch in SECONDS_MOVED) + " dB")
        if louder <= JUDGED_UP_TO_DB and (min(down) < LEAST_DB[speakers] or both[1][0] < LEAST_STOI):
            failed.append(name)
    return failed


def noises(folder):
    import numpy as np

    dice = np.random.default_rng(3)
    count = int(NOISE_S * RATE)
    white = dice.standard_normal(count)
    spectrum = np.fft.rfft(dice.standard_normal(count))
    pink = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 20.0)), count)
    babble = sum(np.roll(talk(folder, n, NOISE_S), n * RATE) for n in range(2, 10))
    return {"white": white, "pink": pink, "babble": babble}


def noise(folder):
    """Signal over noise before and after: what a short filter makes of the clean voice against all else, so that a delay or
    another tone colour is no noise (SDR of BSS Eval; Vincent et al., 2006). And how far the voice stands out of its pauses."""
    import numpy as np
    from scipy.linalg import solve_toeplitz
    from scipy.signal import correlate, fftconvolve, resample_poly

    voice = 0.3 * talk(folder, 0, NOISE_S)
    blocks = voice[: len(voice) // 480 * 480].reshape(-1, 480)
    loud = np.mean(blocks**2, axis=1) > 1e-3 * np.max(np.mean(blocks**2, axis=1))
    near_voice = np.convolve(loud, np.ones(9), "same") > 0
    settled = np.arange(len(loud)) > SETTLED_S * 100

    def level(sound, chosen):
        return power_db(sound[: len(loud) * 480].reshape(-1, 480)[chosen & settled])

    def sdr(sound):
        start = int(SETTLED_S * WB)
        clean, sound = resample_poly(voice, WB, RATE)[start:], resample_poly(sound, WB, RATE)[start - AHEAD :]
        sound = sound[: len(clean)]
        own = correlate(clean, clean, "full", "fft")[len(clean) - 1 :][:TAPS]
        cross = correlate(sound, clean, "full", "fft")[len(clean) - 1 :][:TAPS]
        part = fftconvolve(clean, solve_toeplitz(own * (1 + 1e-6 * (np.arange(TAPS) == 0)), cross))[: len(clean)]
        return power_db(part) - power_db(sound - part)

    files, cases = [], []
    for kind, sound in noises(folder).items():
        for snr in SNRS_DB:
            gain = 10 ** ((level(voice, loud) - power_db(sound) - snr) / 20)
            mixed = voice + gain * sound
            save(os.path.join(folder, f"{kind}{snr}.wav"), mixed)
            for which in ["usual", "strong"]:
                files.append((which, os.path.join(folder, f"{kind}{snr}.wav"), os.path.join(folder, f"{kind}{snr}.{which}.wav")))
                cases.append((kind, snr, which, mixed))
    print(f"load {os.getloadavg()[0]:.1f}; noise: SNR of the sound, voice over pauses, STOI and PESQ, before -> after")
    for (which, before, after), (kind, snr, _, mixed) in zip(files, cases):
        run("noise", which, before, after)
        out = load(after)
        over = [level(sound, loud) - level(sound, ~near_voice) for sound in (mixed, out)]
        clear = [sdr(sound) for sound in (mixed, out)]
        start = int(SETTLED_S * RATE)
        words = [understood(voice[start:], sound[start:]) for sound in (mixed, out)]
        print(f"{kind:6} {snr:3} dB {which:6} | SNR gain {clear[1] - clear[0]:+5.1f} dB ({clear[0]:5.1f} -> {clear[1]:5.1f}) | "
              f"pauses {over[0]:5.1f} -> {over[1]:5.1f} dB | STOI {words[0][0]:.3f} -> {words[1][0]:.3f} | "
              f"PESQ {words[0][1]:.2f} -> {words[1][1]:.2f}", flush=True)


def main():
    need_espeak()
    try:
        import pesq, pystoi  # noqa: F401
    except ImportError:
        python = intelligible.interpreter(TARGET, "pesq==0.0.4")
        if python is None or os.environ.get("HEARTH_STOI_TRIED"):
            print("SKIP: pystoi and pesq can't be had")
            sys.exit(77)
        os.execve(python, [python, *sys.argv], {**os.environ, "HEARTH_STOI_TRIED": "1"})
    build()
    parts = sys.argv[1:] or ["chain", "noise"]
    with tempfile.TemporaryDirectory(prefix="hearth-echo-") as folder:
        folder = os.environ.get("HEARTH_KEEP", folder)
        failed = echo(folder, "chain", SHORT, [":all"]) if "short" in parts else []
        for way in ["chain", "echo"]:
            failed += echo(folder, way, SCENES) if way in parts else []
        if "noise" in parts:
            noise(folder)
    assert not failed, f"below the bar: {', '.join(failed)}"
    print("OK")


if __name__ == "__main__":
    main()
