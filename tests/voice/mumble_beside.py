"""Mouth to ear on one machine: Hearth beside Mumble, through the same null sinks of one sound server, in the same run.

Short chirps are played into a virtual microphone at irregular times and found again in virtual speakers; both sides are in
one recording. Run by hand with python3: it needs root, PulseAudio with its ALSA plugin, openssl, and Debian's `mumble` and
`mumble-server`; exit 77 without them. ROUNDS=4 for more marks; `where_it_goes` as an argument takes Hearth's delay apart.
"""

import array
import contextlib
import hashlib
import json
import math
import os
import random
import shutil
import sqlite3
import ssl
import subprocess
import sys
import time
import wave

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "net"))

from lab import figure, run, until
from null_sinks import Sound, alike, four_channels, need_tools
from peers import Peer, agree
from sound import RATE
from talk_in_a_room import voice_room

ROUNDS = int(os.environ.get("ROUNDS", "2"))
MARKS = 24
MARK_S = 0.08
# From one mark to the next; longer than any delay looked for.
BETWEEN_S = (0.42, 0.66)
MOST_S = 0.4
SETTLE_S = 5
# Of all marks, those that must be found again, and how like themselves.
FOUND = 0.8
ALIKE = 0.5
PORT = 64_700

# Whose microphone hears the mouth plays where nobody listens; who plays to the ears has a silent microphone.
MODULES = ["module-null-sink sink_name=elsewhere rate=48000", "module-null-source source_name=nothing rate=48000"]
TALKER, LISTENER = ("microphone", "elsewhere"), ("nothing", "ears")

# Mumble's own defaults are left out, but for what the comparison needs: it always transmits and suppresses no noise.
MUMBLE = """[General]
lastupdate=2
databaselocation={home}/mumble.sqlite
[audio]
input=PulseAudio
output=PulseAudio
transmit=0
noisesupress=0
outputdelay={delay}
[net]
jitterbuffer=1
framesperpacket={frames}
[pulseaudio]
input={microphone}
output={speakers}
[ui]
updatecheck=false
plugincheck=false
usage=false
[tts]
enable=false
"""
SERVER = """database={folder}/murmur.sqlite
logfile=
pidfile=
host={address}
port={port}
uname=root
bonjour=false
sslCert={folder}/cert.pem
sslKey={folder}/key.pem
"""


def marks(path):
    """Writes chirps, each another, at irregular times; gives when each begins, in samples."""
    dice = random.Random(7)
    samples, starts = array.array("h", bytes(RATE)), []
    for _ in range(MARKS):
        starts.append(len(samples))
        low, high = dice.uniform(300, 700), dice.uniform(1_000, 1_600)
        begin, end = (low, high) if dice.random() < 0.5 else (high, low)
        n = int(MARK_S * RATE)
        for i in range(n):
            turns = (begin + (end - begin) * i / n / 2) * i / RATE
            samples.append(int(9_000 * math.sin(math.pi * i / n) ** 2 * math.sin(2 * math.pi * turns)))
        samples.extend([0] * (int(dice.uniform(*BETWEEN_S) * RATE) - n))
    samples.extend([0] * RATE)
    with wave.open(path, "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(RATE)
        w.writeframes(samples.tobytes())
    return starts


def thinned(samples, by):
    return [sum(samples[i:i + by]) for i in range(0, len(samples) - by, by)]


def best_place(pattern, heard, places):
    """Where `heard` is most like `pattern`, and how like."""
    n = len(pattern)
    return max(((alike(pattern, heard[p:p + n]), p) for p in places if 0 <= p <= len(heard) - n), default=(0.0, 0))


def delays(tape, starts):
    """Of each mark found again how much later it was heard, in ms; and the marks that were played at all."""
    said, heard = four_channels(tape)
    first = next((i for i, v in enumerate(said) if abs(v) > 300), None)
    assert first is not None, "nothing was played"
    found, played = [], 0
    rough, fine = 12, 3
    said_rough, heard_rough = thinned(said, rough), thinned(heard, rough)
    for start in starts:
        # The mark as it was really played: a late sound server moves it.
        begin = first + start - starts[0] - RATE // 100
        end = begin + int((MARK_S + 0.02) * RATE)
        if end > len(said) or max(map(abs, said[begin:end])) < 4_000:
            continue
        played += 1
        pattern, at = said_rough[begin // rough:end // rough], begin // rough
        _, place = best_place(pattern, heard_rough, range(at, at + int(MOST_S * RATE) // rough))
        near = place * rough - 2 * rough
        window = thinned(heard[near:near + (end - begin) + 6 * rough], fine) if near > 0 else []
        likeness, place = best_place(thinned(said[begin:end], fine), window, range(len(window)))
        if likeness > ALIKE:
            found.append((near + place * fine - begin) * 1000 / RATE)
    return found, played


def share(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * part))]


def wired(sound, line, home=None):
    """The environment of a program whose microphone and speakers these are."""
    return {**sound.env, "PULSE_SOURCE": line[0], "PULSE_SINK": line[1], "QT_QPA_PLATFORM": "offscreen",
            **({"HOME": home, "XDG_CONFIG_HOME": f"{home}/.config", "XDG_RUNTIME_DIR": home} if home else {})}


class Hearth:
    """Two peers of one community, and its voice room."""

    def __init__(self, lab, sound, hosts):
        lines = {"talker": TALKER, "listener": LISTENER}
        self.peers = [Peer(lab, host, name, env=wired(sound, line)) for host, (name, line) in zip(hosts, lines.items())]
        community, _ = self.peers[0].found("The Den")
        self.peers[1].join(self.peers[0].invite(community))
        until(lambda: agree(self.peers, community), 30, "of one mind")
        self.room = voice_room(self.peers[0], community)

    @contextlib.contextmanager
    def call(self, **settings):
        for peer in self.peers:
            peer.ask("voice.set", gate="open", **settings)
            peer.ask("voice.join", channel=self.room)
        until(lambda: all(s and s[0]["route"] for s in map(self.stats, self.peers)), 30, "a way to each other")
        yield lambda: self.stats(self.peers[1])[0]
        for peer in self.peers:
            peer.ask("voice.leave")

    @staticmethod
    def stats(peer):
        return peer.ask("voice.stats")["peers"]


class Mumble:
    """A server of its own, and two clients that know its certificate."""

    def __init__(self, lab, sound, hosts):
        self.lab, self.sound, self.hosts, self.calls = lab, sound, hosts, 0
        key, cert, self.own = (lab.path(name) for name in ("key.pem", "cert.pem", "own.p12"))
        for words in (["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9", "-subj", "/CN=lab", "-keyout", key,
                       "-out", cert],
                      ["pkcs12", "-export", "-passout", "pass:", "-inkey", key, "-in", cert, "-out", self.own]):
            subprocess.run(["openssl", *words], check=True, capture_output=True)
        with open(cert) as f:
            self.digest = hashlib.sha1(ssl.PEM_cert_to_DER_cert(f.read())).hexdigest()
        ini, self.log = lab.path("murmur.ini"), lab.path("murmur.log")
        with open(ini, "w") as f:
            f.write(SERVER.format(folder=lab.folder, address=hosts[0].address, port=PORT))
        with open(self.log, "w") as out:
            sound.run(hosts[0].command("murmurd", "-fg", "-ini", ini), stdout=out, stderr=out)
        self.said("Server listening")
        self.version = next(l.split(" running")[0].split(" ", 2)[-1] for l in open(self.log) if " running on " in l)

    def said(self, words, times=1):
        until(lambda: open(self.log).read().count(words) >= times, 20, f"the Mumble server's {words!r}")

    def home(self, name, line, frames, delay):
        home = self.lab.path(f"mumble.{self.calls}.{name}")
        for folder in (".config/Mumble", "Documents"):
            os.makedirs(os.path.join(home, folder))
        shutil.copy(self.own, os.path.join(home, "Documents", "MumbleAutomaticCertificateBackup.p12"))
        with contextlib.closing(sqlite3.connect(os.path.join(home, "mumble.sqlite"))) as db:
            db.execute("CREATE TABLE cert (id INTEGER PRIMARY KEY, hostname TEXT, port INTEGER, digest TEXT)")
            known = (self.hosts[0].address, PORT, self.digest)
            db.execute("INSERT INTO cert (hostname, port, digest) VALUES (?, ?, ?)", known)
            db.commit()
        with open(os.path.join(home, ".config", "Mumble", "Mumble.conf"), "w") as f:
            f.write(MUMBLE.format(home=home, frames=frames, delay=delay, microphone=line[0], speakers=line[1]))
        return home

    @contextlib.contextmanager
    def call(self, frames=2, delay=5):
        self.calls += 1
        clients = []
        for host, name, line in zip(self.hosts, ("talker", "listener"), (TALKER, LISTENER)):
            home = self.home(name, line, frames, delay)
            url = f"mumble://{name}@{self.hosts[0].address}:{PORT}/?version=1.2.0"
            env = wired(self.sound, line, home)
            clients.append(self.sound.run(host.command("mumble", "-m", url), env=env))
            self.said(f"{name}(-1)> Authenticated", self.calls)
        yield lambda: None
        for client in clients:
            self.sound.end(client)


@contextlib.contextmanager
def cable(sound):
    """The microphone straight into the speakers: what the sound server takes for itself."""
    form = ["--raw", "--format=s16le", "--rate=48000", "--channels=1"]
    taken = sound.run(["parec", "--device=microphone", "--latency-msec=10", *form], stdout=subprocess.PIPE)
    given = sound.run(["pacat", "--device=ears", "--latency-msec=20", *form], stdin=taken.stdout)
    yield lambda: None
    sound.end(taken)
    sound.end(given)


def held(sound, kind, place, name):
    """Milliseconds that the sound server holds for the streams at a microphone or at speakers."""
    def ask(what):
        words = ["pactl", "--format=json", "list", what]
        return json.loads(subprocess.run(words, env=sound.env, capture_output=True, check=True).stdout)
    index = next(one["index"] for one in ask(f"{place}s") if one["name"] == name)
    ours = [one for one in ask(kind) if one[place] == index and "application.process.binary" in one["properties"]]
    return [(one["buffer_latency_usec"] + one[f"{place}_latency_usec"]) / 1000 for one in ours]


def measure(lab, sound, call, stages_too):
    """Marks through a call: delays in ms, marks played, load, and what is known of its stages if that is asked."""
    with call as stats:
        time.sleep(SETTLE_S)
        tape, said = lab.path("tape.raw"), lab.path("said.wav")
        starts = marks(said)
        recorder = sound.record(tape)
        time.sleep(0.5)
        player = sound.play(said)
        stages = []
        while player.poll() is None:
            if stages_too:
                taken = held(sound, "source-outputs", "source", "microphone")
                stages.append((taken, held(sound, "sink-inputs", "sink", "ears"), stats()))
            time.sleep(1)
        time.sleep(MOST_S)
        sound.end(recorder)
        load = os.getloadavg()[0]
    found, played = delays(tape, starts)
    return found, played, load, stages


def report(name, all_delays, played, loads):
    assert all_delays and len(all_delays) >= FOUND * played > 0, f"{name}: {len(all_delays)} of {played} marks found again"
    at50, at95 = share(all_delays, 0.5), share(all_delays, 0.95)
    figure(name, f"p50 {at50:.1f} ms, p95 {at95:.1f} ms ({min(all_delays):.1f} to {max(all_delays):.1f}; "
           f"{len(all_delays)} of {played} marks; load {', '.join(f'{load:.1f}' for load in loads)})")
    return at50, at95


def table(lab, sound, rows, rounds, stages_too=False):
    """Every row in turn, as many rounds; gives p50 and p95 of each."""
    results = {name: ([], [], []) for name in rows}
    for _ in range(rounds):
        for name, call in rows.items():
            found, played, load, stages = measure(lab, sound, call(), stages_too)
            for kept, new in zip(results[name], (found, [played], [load])):
                kept.extend(new)
            figure(f"- {name}", f"p50 {share(found, 0.5):.1f} ms of {len(found)} marks" if found else "no mark found")
            if stages_too:
                tell_stages(stages)
    return {name: report(name, found, sum(played), loads) for name, (found, played, loads) in results.items()}


def tell_stages(stages):
    flat = lambda part: [ms for stage in stages for ms in stage[part]]
    for what, part in (("for the microphone", 0), ("for the speakers", 1)):
        if flat(part):
            figure(f"  the sound server holds {what}", f"p50 {share(flat(part), 0.5):.1f} ms")
    stats = [stage[2] for stage in stages if stage[2]]
    if stats:
        figure("  the jitter buffer holds", f"p50 {share([s['delay_ms'] for s in stats], 0.5)} ms, jitter "
               f"{share([s['jitter_ms'] for s in stats], 0.5)} ms, concealed {stats[-1]['concealed']} of {stats[-1]['played']}")


def sound_of(lab):
    folder = lab.path("sound")
    os.mkdir(folder)
    sound = Sound(folder, MODULES)
    lab.at_end.append(sound.close)
    return sound


def lower_than_mumble(lab):
    sound, hosts = sound_of(lab), lab.lan("a", "b")
    hearth, mumble = Hearth(lab, sound, hosts), Mumble(lab, sound, hosts)
    figure("hearth", f"{os.environ.get('HEARTH_PROFILE', 'debug')} build, its defaults (echo, noise and gain processed, "
           "20 ms frames), but the microphone always open")
    figure("mumble", f"{mumble.version}, its defaults (gain evened, 40 kbit/s, no echo cancelling), but the microphone always "
           "open and noise suppression off")
    ours, theirs = "hearth", "mumble, its defaults: 20 ms packets, 50 ms output delay"
    results = table(lab, sound, {
        ours: hearth.call,
        theirs: mumble.call,
        "mumble, 10 ms packets": lambda: mumble.call(frames=1),
        "mumble, 10 ms packets, 10 ms output delay": lambda: mumble.call(frames=1, delay=1),
    }, ROUNDS)
    for name, (at50, at95) in results.items():
        if name != ours:
            p50, p95 = results[ours][0] - at50, results[ours][1] - at95
            than = "lower" if max(p50, p95) < 0 else "NOT lower"
            figure(f"hearth is {than} than {name}", f"p50 {p50:+.1f} ms, p95 {p95:+.1f} ms")
    lower = all(mine < other for mine, other in zip(results[ours], results[theirs]))
    assert lower, "Hearth is not lower than Mumble with its defaults"


def where_it_goes(lab):
    sound, hosts = sound_of(lab), lab.lan("a", "b")
    hearth = Hearth(lab, sound, hosts)
    on, off = {"echo": True, "noise": "usual", "gain": True}, {"echo": False, "noise": "off", "gain": False}
    table(lab, sound, {
        "a cable in the sound server": lambda: cable(sound),
        "hearth, nothing processed": lambda: hearth.call(**off),
        "hearth, all processed": lambda: hearth.call(**on),
    }, ROUNDS, stages_too=True)


if __name__ == "__main__":
    need_tools("openssl", "murmurd", "mumble")
    if not sys.argv[1:]:
        sys.argv.append("lower_than_mumble")
    run(lower_than_mumble, where_it_goes)
