#!/usr/bin/env python3
"""Sounds of coming, going and muting: who asked for them hears each once, and nobody else hears any."""

import os
import sys
import time
import wave

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "net"))

from hums import heard_path, listen, stop_listening
from lab import figure, run
from sound import BLOCK, RATE, read
from talk_in_a_room import in_touch, room_of

# A cue reaches 8,000 with both ears added, somebody else's half of that.
HEARD = 400
APART = 30


def silence(path, seconds):
    with wave.open(str(path), "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(RATE)
        w.writeframes(bytes(2 * RATE * seconds))


def sounds(samples):
    """When each begins, in seconds, and how loud it gets: blocks of 10 ms, with 300 ms of silence between two."""
    out, last = [], -APART
    for n in range(len(samples) // BLOCK):
        loudest = max(abs(s) for s in samples[n * BLOCK:(n + 1) * BLOCK])
        if loudest < HEARD:
            continue
        if n - last >= APART:
            out.append([n / 100, loudest])
        out[-1][1], last = max(out[-1][1], loudest), n
    return out


def each_is_heard_once_by_who_asked(lab):
    (ada, bo, cleo), _, room = room_of(lab, ["ada", "bo", "cleo"])
    quiet = lab.path("silence.wav")
    silence(quiet, 30)
    listen(lab, [ada, bo], "cues")
    for peer in (ada, bo):
        peer.ask("voice.source", wav=quiet, process=False)
    ada.ask("voice.set", cues=True)
    # Sound needs a moment to begin; the first cue waits for nobody.
    time.sleep(2)
    bo.ask("voice.join", channel=room)
    ada.ask("voice.join", channel=room)
    in_touch([ada, bo])
    time.sleep(4)
    cleo.ask("voice.join", channel=room)
    time.sleep(2)
    cleo.ask("voice.leave")
    time.sleep(2)
    for settings in ({"mute": True}, {"mute": False}, {"deafen": True}, {"deafen": False}):
        ada.ask("voice.set", **settings)
        ada.ask("voice.set", **settings)
        time.sleep(1)
    ada.ask("voice.leave")
    time.sleep(1)
    stop_listening([ada, bo])
    for peer in (ada, bo, cleo):
        peer.stop()
    heard = {peer.name: sounds(read(heard_path(lab, peer, "cues"))) for peer in (ada, bo)}
    figure("heard by who asked, seconds and loudest", " ".join(f"{at:.1f}:{loud}" for at, loud in heard["ada"]))
    figure("heard by who did not", len(heard["bo"]))
    # Joined, came, went, muted, unmuted, deaf, hears again, left; Bo, who was there before, is no news.
    assert len(heard["ada"]) == 8, heard["ada"]
    came, own = heard["ada"][1][1], heard["ada"][0][1]
    assert 0.4 < came / own < 0.6, f"somebody else's is softer: {came} of {own}"
    assert heard["bo"] == [], heard["bo"]


if __name__ == "__main__":
    run(each_is_heard_once_by_who_asked)
