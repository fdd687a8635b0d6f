#!/usr/bin/env python3
"""A microphone and speakers without a sound card: one's own voice through PulseAudio's null sinks and back.

A speech file is played into a virtual microphone; the audio side captures, encodes, decodes and plays it to virtual
speakers; both sides are recorded in one file, so the time from mouth to ear can be read off. A microphone that goes away
and comes back is told in plain words. Exit 77 where the tools are missing.
"""

import array
import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import wave

from sound import RATE, best_match, envelope, need_espeak, speech

SPEECH_S = 8.0
WINDOW_S = 1.0
TRIES = 3
# Samples are thinned to 4 kHz for the fine measure.
THIN = 12
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")

# One sink with four channels holds both sides: the first two are the mouth, the last two the ears. Named channels would be
# mixed into one another.
MODULES = [
    "module-null-sink sink_name=room rate=48000 channels=4 channel_map=aux0,aux1,aux2,aux3",
    "module-remap-sink sink_name=mouth master=room channels=2 remix=no"
    " master_channel_map=aux0,aux1 channel_map=front-left,front-right",
    "module-remap-sink sink_name=ears master=room channels=2 remix=no"
    " master_channel_map=aux2,aux3 channel_map=front-left,front-right",
    "module-remap-source source_name=microphone master=room.monitor channels=2 remix=no"
    " master_channel_map=aux0,aux1 channel_map=front-left,front-right",
]

ALSA = """</usr/share/alsa/alsa.conf>
pcm.!default {{ type pulse server "{server}" }}
ctl.!default {{ type pulse server "{server}" }}
"""


def skip(why):
    print("SKIP:", why)
    sys.exit(77)


def need_tools(*more):
    for tool in ["pulseaudio", "pactl", "paplay", "parec", *more]:
        if not shutil.which(tool):
            skip(f"{tool} is not installed")
    plugins = ["/usr/lib/x86_64-linux-gnu/alsa-lib", "/usr/lib/aarch64-linux-gnu/alsa-lib", "/usr/lib/alsa-lib", "/usr/lib64/alsa-lib"]
    if not any(os.path.exists(os.path.join(p, "libasound_module_pcm_pulse.so")) for p in plugins):
        skip("ALSA's PulseAudio plugin is not installed")


def build():
    command = ["cargo", "build", "--offline", "-q", "-p", "hearth-audio", "--example", "loop_devices"]
    if os.environ.get("HEARTH_RELEASE"):
        command.append("--release")
    subprocess.run(command, check=True, cwd=ROOT)
    target = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
    return os.path.join(target, "release" if os.environ.get("HEARTH_RELEASE") else "debug", "examples", "loop_devices")


class Sound:
    """A sound server of one's own; nothing of the machine's is touched."""

    def __init__(self, folder, more_modules=()):
        self.folder, self.children, self.modules = folder, [], [*MODULES, *more_modules]
        self.server = f"unix:{folder}/pulse"
        alsa = os.path.join(folder, "alsa.conf")
        with open(alsa, "w") as f:
            f.write(ALSA.format(server=self.server))
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "RUST_LOG")}
        self.env = {**kept, "HOME": folder, "XDG_RUNTIME_DIR": folder, "PULSE_RUNTIME_PATH": folder,
                    "PULSE_SERVER": self.server, "ALSA_CONFIG_PATH": alsa, "LC_ALL": "C.UTF-8"}
        self.start_server()

    def start_server(self):
        words = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disable-shm",
                 "--high-priority=no", "--realtime=no", "-L",
                 f"module-native-protocol-unix socket={self.folder}/pulse auth-anonymous=1"]
        for module in self.modules:
            words += ["-L", module]
        self.daemon = self.run(words)
        for _ in range(100):
            if subprocess.run(["pactl", "info"], env=self.env, capture_output=True).returncode == 0:
                for words in (["set-default-sink", "ears"], ["set-default-source", "microphone"]):
                    subprocess.run(["pactl", *words], env=self.env, check=True)
                return
            time.sleep(0.1)
        skip("PulseAudio does not start here")

    def run(self, words, **more):
        more = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": self.env, **more}
        child = subprocess.Popen(words, **more)
        self.children.append(child)
        return child

    def record(self, path):
        """Both sides into one file, until it is ended."""
        with open(path, "wb") as tape:
            return self.run(["parec", "--device=room.monitor", "--format=s16le", "--rate=48000", "--channels=4",
                             "--channel-map=aux0,aux1,aux2,aux3", "--latency-msec=20"], stdout=tape)

    def play(self, path):
        """A file into the microphone."""
        return self.run(["paplay", "--device=mouth", "--latency-msec=20", path])

    def end(self, child):
        if child.poll() is None:
            child.send_signal(signal.SIGINT)
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def close(self):
        for child in reversed(self.children):
            self.end(child)


def four_channels(path):
    with open(path, "rb") as f:
        samples = array.array("h", f.read()[: os.path.getsize(path) // 8 * 8])
    return samples[0::4], samples[2::4]


def thin(samples):
    return [sum(samples[i:i + THIN]) for i in range(0, len(samples) - THIN, THIN)]


def alike(a, b):
    dot = sum(x * y for x, y in zip(a, b))
    power = math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))
    return dot / power if power else 0.0


def lags(said, heard, about_s):
    """Of each second with a voice: how like it is and how much later, in ms."""
    said, heard, rate = thin(said), thin(heard), RATE // THIN
    n, around = int(rate * WINDOW_S), rate * 40 // 1000
    loud = max(sum(x * x for x in said[i:i + n]) for i in range(0, len(said) - n, n))
    for at in range(0, len(said) - n, n):
        window = said[at:at + n]
        if sum(x * x for x in window) < loud / 20:
            continue
        middle = at + int(about_s * rate)
        places = [p for p in range(middle - around, middle + around, 2) if 0 <= p and p + n <= len(heard)]
        if places:
            best, place = max((alike(window, heard[p:p + n]), p) for p in places)
            yield best, (place - at) * 1000 / rate


def round_trip(sound, program, stages):
    mouth = os.path.join(sound.folder, "said.wav")
    speech(mouth, 0, 0.5, SPEECH_S)
    tape = os.path.join(sound.folder, "tape.raw")
    recorder = sound.record(tape)
    log = os.path.join(sound.folder, "loop.log")
    with open(log, "w") as out:
        loop = sound.run([program, "-", "-", "30", stages], stdout=out, stderr=out)
        # The sound server takes its time to settle.
        time.sleep(6)
        sound.play(mouth).wait(30)
        time.sleep(1)
        sound.end(loop)
    sound.end(recorder)
    print(open(log).read()[-600:].strip())
    said, heard = four_channels(tape)
    match, about = best_match(envelope(said), envelope(heard), 2.0)
    found = sorted(lags(said, heard, about), key=lambda pair: pair[1])
    print(f"load {os.getloadavg()[0]:.1f}; envelope {match:.3f} at {about * 1000:.0f} ms; "
          + ", ".join(f"{like:.2f} at {ms:.0f} ms" for like, ms in found))
    times = [ms for like, ms in found if like > 0.5]
    if times:
        p95 = times[min(len(times) - 1, len(times) * 95 // 100)]
        print(f"mouth to ear ({stages or 'plain'}): p50 {times[len(times) // 2]:.0f} ms, p95 {p95:.0f} ms")
    # With the whole chain on, the canceller hears the same voice from the speakers: less of it is left.
    return match > 0.5 if stages == "all" else match > 0.8 and bool(times)


def goes_and_comes_back(sound, program):
    log = os.path.join(sound.folder, "hotplug.log")

    def said(words, deadline_s=20):
        until = time.time() + deadline_s
        while time.time() < until:
            if words in open(log).read():
                return
            time.sleep(0.2)
        raise AssertionError(f"never said: {words}\n{open(log).read()}")

    with open(log, "w") as out:
        loop = sound.run([program, "-", "-", "90"], stdout=out, stderr=out)
        said("received", 15)
        sound.end(sound.daemon)
        said("The microphone is gone.")
        said("The speakers are gone.")
        sound.start_server()
        said("The microphone is back")
        said("The speakers are back")
        assert loop.poll() is None, "it ended"
        sound.end(loop)
    print("a microphone that went away was told, and used again when it came back")


def main():
    need_espeak()
    need_tools()
    program = build()
    with tempfile.TemporaryDirectory(prefix="hearth-null-sinks-") as folder:
        sound = Sound(folder)
        try:
            for stages in ["", "all"]:
                # A machine too busy for sound says nothing of it.
                assert any(round_trip(sound, program, stages) for _ in range(TRIES)), "the voice is not heard at the other side"
            goes_and_comes_back(sound, program)
        finally:
            sound.close()
    print("OK")


if __name__ == "__main__":
    main()
