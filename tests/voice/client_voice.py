#!/usr/bin/env python3
"""A voice room from the window: real client, real clicks and keys, a sound server of one's own for microphone and speakers.

Ada has the window; Bo and Cy are peers without one, with files for voices and ears. Pictures stay under
$CARGO_TARGET_DIR/screens. Run by hand, on a machine that does nothing else: it takes minutes, and needs what
tests/app/desktop.py and null_sinks.py name, xev and espeak-ng.
"""

import array
import json
import math
import os
import subprocess
import sys
import time
import wave

HERE = os.path.dirname(os.path.abspath(__file__))
for beside in ("net", "app"):
    sys.path.insert(0, os.path.join(HERE, "..", beside))

import desktop  # noqa: E402
import null_sinks  # noqa: E402
from hums import all_at_once  # noqa: E402
from lab import figure, run, until  # noqa: E402
from peers import Peer, agree, binary  # noqa: E402
from sound import RATE, best_match, envelope, hum, need_espeak, read, speech, strength  # noqa: E402
from talk_in_a_room import voice_room  # noqa: E402

# Where things stand in a window of 1280x720, with one text channel and one voice room.
ROOM = (170, 171)
FACE_X, FACE_Y, ROW = 108, 203, 30
MUTE, DEAFEN, SETTINGS = (89, 642), (144, 642), (199, 642)
TOAST_CLOSE = (1028, 82)
# In the voice settings.
MICROPHONE, TEST, METER, BY_VOICE, BY_KEY = (495, 142), (440, 191), (540, 191), (451, 305), (640, 305)
FIRST_DEVICE, DEVICE = 46, 34
# In the menu of somebody, whose row is so far above.
SLIDER, SLIDER_BELOW = (108, 302), 96
TOAST = (712, 66, 750, 110)
# The colours of a ring and of a warning, in assets/theme/dark.ron.
SPEAK, WARN = bytes.fromhex("5fbf86"), bytes.fromhex("e6b450")

# The headset is a sound server of its own, which hears what the room's microphone hears: a server that loses a source gives
# who recorded it another one, while a headset that is pulled out is gone.
ALSA = """
pcm.headset {{ type pulse server "unix:{folder}/headset" hint {{ show on description "Headset" }} }}
"""
HEADSET = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disable-shm",
           "--high-priority=no", "--realtime=no", "-L", "module-native-protocol-unix socket={folder}/headset auth-anonymous=1",
           "-L", "module-tunnel-source source_name=headset server={server} source=microphone"]

# Root mean square of samples: a voice is louder than the one, silence quieter than the other.
VOICE, SILENCE = 300, 30
ALIKE = 0.7
# How long is listened, and how long what was changed may take.
TAKE_S, SETTLES_S = 1.2, 0.5
TRIES = 3


class Ears:
    """What comes out of Ada's speakers."""

    def __init__(self, lab, sound):
        self.path = lab.path("ears.raw")
        sound.record(self.path)
        until(lambda: os.path.exists(self.path) and os.path.getsize(self.path), 10, "a tape that runs")

    def now(self):
        return os.path.getsize(self.path) // 8 * 8

    def since(self, begin, end=None):
        """Both ears added, of what came between two marks."""
        with open(self.path, "rb") as tape:
            tape.seek(begin)
            samples = array.array("h", tape.read((end or self.now()) - begin))
        return array.array("i", map(sum, zip(samples[2::4], samples[3::4])))


def loudness(samples):
    return math.sqrt(sum(s * s for s in samples[::4]) / max(1, len(samples[::4])))


def say_for_long(path, n):
    """A voice that does not stop for a minute."""
    once = speech(path, n, 0, 20)
    end = next(i for i in range(len(once) - 1, 0, -1) if abs(once[i]) > 50)
    with wave.open(path, "wb") as w:
        w.setparams((1, 2, RATE, 0, "NONE", "not compressed"))
        w.writeframes((once[:end] * (60 * RATE // end)).tobytes())


class Room:
    """The window, its sound, and the two others."""

    def __init__(self, lab):
        self.lab = lab
        left, middle, right = lab.lan("ada", "bo", "cy")
        folder = lab.path("sound")
        os.makedirs(folder)
        self.sound = null_sinks.Sound(folder)
        lab.at_end.append(self.sound.close)
        with open(self.sound.env["ALSA_CONFIG_PATH"], "a") as conf:
            conf.write(ALSA.format(folder=folder))
        self.headset = None
        self.plug_in()
        self.bo, self.cy = Peer(lab, middle, "bo"), Peer(lab, right, "cy")
        person = lab.path("ada.person")
        ada = Peer(lab, left, "ada", home=os.path.join(person, "hearth"), env={"HEARTH_KEYCHAIN": "off"})
        self.community, _ = self.bo.found("The Den")
        link = self.bo.invite(self.community)
        for peer in (self.cy, ada):
            peer.join(link)
        until(lambda: agree([ada, self.bo, self.cy], self.community), 30, "all of one mind")
        self.room = voice_room(self.bo, self.community)
        self.ada = ada.user
        ada.stop()
        self.silence = lab.path("silence.wav")
        with wave.open(self.silence, "wb") as w:
            w.setparams((1, 2, RATE, 0, "NONE", "not compressed"))
            w.writeframes(bytes(2 * RATE))
        self.hums = {}
        for peer, hertz in ((self.bo, 110), (self.cy, 150)):
            self.hums[peer.name] = lab.path(f"{peer.name}.hum.wav")
            hum(self.hums[peer.name], hertz, 5)
        self.quiet(self.bo, self.cy)
        self.desk = desktop.Desktop(lab, left, "ada", env={k: self.sound.env[k] for k in ("PULSE_SERVER", "ALSA_CONFIG_PATH")})
        self.ears = Ears(lab, self.sound)
        self.takes = 0

    def plug_in(self):
        sound, socket = self.sound, os.path.join(self.sound.folder, "headset")
        env = {**sound.env, "PULSE_RUNTIME_PATH": sound.folder + "/headset.run"}
        self.headset = sound.run([word.format(folder=sound.folder, server=sound.server) for word in HEADSET], env=env)
        answers = lambda: subprocess.run(["pactl", "-s", f"unix:{socket}", "list", "short", "sources"], env=env,
                                         capture_output=True, text=True).stdout
        until(lambda: "headset" in answers(), 10, "the headset")

    def pull_out(self):
        self.sound.end(self.headset)

    def quiet(self, *peers):
        all_at_once(peers, "voice.source", lambda p: {"wav": self.silence, "loop": True, "process": False})

    def humming(self, *peers):
        all_at_once(peers, "voice.source", lambda p: {"wav": self.hums[p.name], "loop": True, "process": False})

    def heard_by(self, peer, seconds):
        """What a peer hears for some time from now on."""
        self.takes += 1
        path = self.lab.path(f"take{self.takes}.wav")
        peer.ask("voice.sink", wav=path)
        time.sleep(seconds)
        peer.ask("voice.sink", wav=self.lab.path("rest.wav"))
        return read(path)

    def lit(self):
        """Who of the three has a ring in the channel list."""
        picture, names = self.desk.pixels(), []
        for n, name in enumerate(("ada", "bo", "cy")):
            y, box = FACE_Y + n * ROW, range(-14, 15)
            rows = (picture[((y + dy) * desktop.SIZE[0] + FACE_X - 14) * 3:][:29 * 3] for dy in box)
            if sum(row[i:i + 3] == SPEAK for row in rows for i in range(0, len(row), 3)) > 20:
                names.append(name)
        return names

    def toast(self):
        """Whether a warning stands at the top right."""
        picture, (left, top, right, bottom) = self.desk.pixels(), TOAST
        rows = (picture[(y * desktop.SIZE[0] + left) * 3:][:(right - left) * 3] for y in range(top, bottom))
        near = lambda pixel: all(abs(a - b) < 30 for a, b in zip(pixel, WARN))
        return any(near(row[i:i + 3]) for row in rows for i in range(0, len(row), 3))

    def ways(self):
        """To whom the window's call has a way; none outside of one."""
        words = self.desk.run(binary("HEARTH", "hearth"), "--home", self.desk.home, "ctl", "voice.stats", check=False)
        stats = json.loads(words).get("ok", {})
        return {p["user"] for p in stats["peers"] if p["route"]} if stats.get("channel") == self.room else None


def go_in(room):
    """One click; gives the seconds until one was in."""
    room.desk.click(*ROOM)
    _, took = until(lambda: room.ways() is not None, 10, "to be in the room after one click")
    until(lambda: room.ways() == {room.bo.user, room.cy.user}, 20, "a way to both")
    until(lambda: seen_by_bo(room) is not None, 10, "Bo to see Ada")
    room.desk.settle()
    return took


def one_click_joins(room):
    desk = room.desk
    desk.settle()
    for peer in (room.bo, room.cy):
        peer.ask("voice.sink", wav=room.lab.path(f"{peer.name}.rest.wav"))
        peer.ask("voice.join", channel=room.room)
    desk.settle(after=desk.pixels())
    desk.shot("voice-1-before")
    assert room.ways() is None
    # The word about the keychain.
    desk.click(*TOAST_CLOSE)
    figure("from the click to the room", f"{go_in(room):.2f} s")
    desk.shot("voice-2-inside")


def rings_are_lit_for_those_who_speak(room):
    desk = room.desk
    for speakers in ([], ["bo"], ["cy"], ["bo", "cy"], []):
        room.humming(*(p for p in (room.bo, room.cy) if p.name in speakers))
        room.quiet(*(p for p in (room.bo, room.cy) if p.name not in speakers))
        _, took = until(lambda: room.lit() == speakers, 20, f"rings of {speakers}, not {room.lit()}")
        figure(f"rings of {speakers}", f"{took:.2f} s")
        if len(speakers) == 2:
            desk.shot("voice-3-rings")


def heard_and_hearing(room):
    """Ada and Bo speak at once: what each hears is what the other said."""
    said = {name: room.lab.path(f"{name}.said.wav") for name in ("ada", "bo")}
    lines = {name: envelope(speech(path, n, 0.5, 6)) for n, (name, path) in enumerate(said.items())}
    for n in range(TRIES):
        begin = room.ears.now()
        room.bo.ask("voice.source", wav=said["bo"], process=False)
        room.sound.play(said["ada"])
        heard = {"bo": envelope(room.heard_by(room.bo, 7.5)), "ada": envelope(room.ears.since(begin))}
        room.quiet(room.bo)
        found = {ear: best_match(lines[mouth], heard[ear], 2.0) for ear, mouth in (("ada", "bo"), ("bo", "ada"))}
        for ear, (match, lag) in found.items():
            figure(f"what {ear} hears is like what was said", f"{match:.3f} at {lag:.2f} s, load {os.getloadavg()[0]:.1f}")
        # A machine too busy for sound says nothing of it.
        if all(match >= ALIKE for match, _ in found.values()):
            return
    raise AssertionError(f"not heard in {TRIES} tries: {found}")


def is_heard(room, expected, when):
    """Whether Bo hears Ada, who talks all the time."""
    time.sleep(SETTLES_S)
    loud = loudness(room.heard_by(room.bo, TAKE_S))
    figure(f"{when}: loudness at Bo", f"{loud:.0f}")
    assert loud > VOICE if expected else loud < SILENCE, f"{when}: {loud:.0f}"


def hears(room, expected, when):
    """Whether Ada hears Cy, who hums."""
    begin = room.ears.now()
    time.sleep(TAKE_S)
    loud = loudness(room.ears.since(begin))
    figure(f"{when}: loudness at Ada", f"{loud:.0f}")
    assert loud > VOICE if expected else loud < SILENCE, f"{when}: {loud:.0f}"


def seen_by_bo(room):
    """Muted and deafened, as Bo knows of Ada."""
    told = [e for e in room.bo.events if e.get("event") == "voice.member" and e["user"] == room.ada]
    return (told[-1]["muted"], told[-1]["deafened"]) if told and told[-1]["inside"] else None


def muted_and_deafened(room):
    desk = room.desk
    is_heard(room, True, "before")
    for how, mute, deafen in (
        ("click", lambda: desk.click(*MUTE), lambda: desk.click(*DEAFEN)),
        ("keys", lambda: desk.key("ctrl+shift+m"), lambda: desk.key("ctrl+shift+d")),
    ):
        mute()
        until(lambda: seen_by_bo(room) == (True, False), 5, f"Bo to see that Ada is muted by {how}")
        is_heard(room, False, f"muted by {how}")
        desk.shot(f"voice-4-muted-{how}")
        mute()
        until(lambda: seen_by_bo(room) == (False, False), 5, f"Bo to see that Ada speaks again by {how}")
        is_heard(room, True, f"unmuted by {how}")
        room.humming(room.cy)
        deafen()
        until(lambda: seen_by_bo(room)[1], 5, f"Bo to see that Ada is deafened by {how}")
        time.sleep(SETTLES_S)
        hears(room, False, f"deafened by {how}")
        desk.shot(f"voice-5-deafened-{how}")
        assert room.lit() == [], f"nobody is heard, but rings of {room.lit()} are lit"
        room.quiet(room.cy)
        is_heard(room, False, f"deafened by {how}")
        deafen()
        until(lambda: seen_by_bo(room) == (False, False), 5, f"Bo to see that Ada hears again by {how}")
        time.sleep(SETTLES_S)
        is_heard(room, True, f"undeafened by {how}")


def in_settings(room, point):
    """Opens the voice settings and clicks there; gives what closes them."""
    desk = room.desk
    before = desk.pixels()
    desk.click(*SETTINGS)
    desk.settle(after=before)
    before = desk.pixels()
    desk.click(*point)
    desk.settle(after=before)
    return lambda: (desk.key("Escape"), desk.settle())


def push_to_talk(room):
    desk = room.desk
    in_settings(room, BY_KEY)()
    is_heard(room, False, "the key is up")
    desk.shot("voice-6-key-up")
    desk.key_down("Control_R")
    is_heard(room, True, "the key is down")
    desk.shot("voice-6-key-down")
    desk.key_up("Control_R")
    is_heard(room, False, "the key is up again")
    desk.key_down("Control_R")
    is_heard(room, True, "down once more")
    other = desk._start(["xev", "-geometry", "120x60+1190+0"], "xev")
    window, _ = until(lambda: desk.run("xdotool", "search", "--name", "Event Tester", check=False).split(), 10, "another window")
    desk.run("xdotool", "windowactivate", "--sync", window[0].decode())
    is_heard(room, True, "down, another window in front")
    desk.key_up("Control_R")
    is_heard(room, False, "the key is up, another window in front")
    desk.key_down("Control_R")
    is_heard(room, True, "pressed in another window")
    desk.key_up("Control_R")
    with open(room.lab.path("ada.xev.log"), errors="replace") as log:
        assert "Control_R" in log.read(), "the other program did not get the key"
    desk.run("xdotool", "windowminimize", desk.window)
    desk.key_down("Control_R")
    is_heard(room, True, "pressed with the window minimised")
    desk.key_up("Control_R")
    is_heard(room, False, "the key is up, the window minimised")
    other.kill()
    other.wait()
    desk.run("xdotool", "windowmap", "--sync", desk.window)
    desk.run("xdotool", "windowactivate", "--sync", desk.window)
    desk.settle()
    in_settings(room, BY_VOICE)()


def volume(room, share):
    """Chooses how loud Cy is, by a click on the slider of his menu."""
    desk, y = room.desk, FACE_Y + 2 * ROW
    before = desk.pixels()
    desk.click(140, y)
    desk.settle(after=before)
    before = desk.pixels()
    desk.press(round(SLIDER[0] + share * (SLIDER[1] - SLIDER[0])), y + SLIDER_BELOW)
    desk.settle(after=before)
    desk.shot(f"voice-7-volume-{round(200 * share)}")


def loudness_of_cy(room):
    time.sleep(SETTLES_S)
    begin = room.ears.now()
    time.sleep(TAKE_S)
    blocks = sorted(strength(room.ears.since(begin), 900))
    return blocks[len(blocks) // 2]


def each_has_a_volume(room):
    desk = room.desk
    room.humming(room.cy)
    usual = loudness_of_cy(room)
    measured = {}
    for share in (0.0, 0.5, 1.0):
        volume(room, share)
        if share < 1.0:
            desk.key("Escape")
        measured[share] = 20 * math.log10(max(loudness_of_cy(room), 0.1) / usual)
        figure(f"Cy at {200 * share:.0f} %", f"{measured[share]:+.1f} dB, load {os.getloadavg()[0]:.1f}")
    assert measured[0.0] < -50 and abs(measured[0.5]) < 1 and 5 < measured[1.0] < 7, measured
    # As a hand closes a window, and at once: what was chosen last is not on disk by itself yet.
    desk.key("Escape")
    volume(room, 0.25)
    desk.key("Escape", "alt+F4")
    assert desk.client.wait(20) == 0
    room.bo.wait("voice.member", 20, lambda e: e["user"] == room.ada and not e["inside"])
    desk.open()
    desk.settle()
    go_in(room)
    again = 20 * math.log10(loudness_of_cy(room) / usual)
    figure("Cy at 50 %, after a restart", f"{again:+.1f} dB")
    assert -7 < again < -5, again
    volume(room, 0.5)
    desk.key("Escape")


def a_microphone_goes_and_comes_back(room):
    desk = room.desk
    names = desk.ctl("voice.devices")["inputs"]
    assert not [n for n in names if "Plugin" in n or "Discard" in n], names
    close = in_settings(room, MICROPHONE)
    desk.shot("voice-8-devices")
    before = desk.pixels()
    desk.click(MICROPHONE[0], MICROPHONE[1] + FIRST_DEVICE + DEVICE * (1 + names.index("Headset")))
    desk.settle(after=before)
    desk.shot("voice-8-chosen")
    close()
    room.humming(room.cy)
    until(lambda: "ada" in room.lit(), 10, "Ada to be heard with the headset")
    room.pull_out()
    _, took = until(lambda: room.toast(), 15, "a word about the microphone")
    figure("from the unplugging to the word on the screen", f"{took:.1f} s")
    desk.settle()
    desk.shot("voice-9-unplugged")
    hears(room, True, "without a microphone")
    assert "ada" not in room.lit()
    room.quiet(room.cy)
    is_heard(room, False, "without a microphone")
    room.plug_in()
    until(lambda: loudness(room.heard_by(room.bo, 0.7)) > VOICE, 15, "to be heard again")
    desk.settle()
    desk.shot("voice-9-plugged-in")


def a_test_of_the_microphone(room):
    desk = room.desk
    close = in_settings(room, TEST)
    begin = room.ears.now()
    said = room.lab.path("test.said.wav")
    line = envelope(speech(said, 2, 0.5, 4))
    room.sound.play(said)
    lit = []
    end = time.monotonic() + 5
    while time.monotonic() < end:
        picture = desk.pixels()
        row = picture[METER[1] * desktop.SIZE[0] * 3:][:desktop.SIZE[0] * 3]
        lit.append(sum(row[3 * x:3 * x + 3] == SPEAK for x in range(METER[0], desktop.SIZE[0])))
        if max(lit) == lit[-1] > 40:
            desk.shot("voice-10-test")
    match, lag = best_match(line, envelope(room.ears.since(begin)), 2.0)
    figure("what one hears of oneself in the test", f"{match:.3f} at {lag:.2f} s")
    figure("the meter, in pixels", f"{min(lit)} to {max(lit)}")
    assert match >= ALIKE and max(lit) > 40 and min(lit) == 0, (match, lit)
    close()


def client(lab):
    room = Room(lab)
    one_click_joins(room)
    rings_are_lit_for_those_who_speak(room)
    heard_and_hearing(room)
    said = lab.path("long.wav")
    say_for_long(said, 0)
    talking = room.sound.play(said)
    muted_and_deafened(room)
    push_to_talk(room)
    room.sound.end(talking)
    each_has_a_volume(room)
    talking = room.sound.play(said)
    a_microphone_goes_and_comes_back(room)
    room.sound.end(talking)
    a_test_of_the_microphone(room)
    room.desk.quit()
    figure("load", f"{os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    need_espeak()
    null_sinks.need_tools("xev")
    desktop.need_tools()
    run(client)
