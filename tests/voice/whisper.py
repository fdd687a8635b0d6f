#!/usr/bin/env python3
"""Who is heard by whom: a whisper by the one it is meant for alone, and whoever was muted for everyone by nobody."""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "net"))

from lab import figure, run
from peers import Refused
from sound import hum, read, strength
from talk_in_a_room import in_touch, room_of

HERTZ = 6 * 110
# What counts as heard, and as silence, of the hum's strength while all hear.
LOUD, SILENT = 0.5, 0.05
PART_S = 3


def heard_in_parts(lab, peers, room, parts):
    """The first hums all through `parts`, each of which something begins; gives how loud each was at each of the others."""
    hummer, *others = peers
    hum(lab.path("hum.wav"), 110, 5)
    for peer in peers:
        peer.ask("voice.sink", wav=str(lab.path(f"{peer.name}.heard.wav")))
        peer.ask("voice.join", channel=room)
    in_touch(peers)
    hummer.ask("voice.source", wav=str(lab.path("hum.wav")), loop=True, process=False)
    times = {}
    start = time.monotonic()
    for part, begins in parts.items():
        begins()
        begin = time.monotonic() - start
        time.sleep(PART_S)
        # Its first second belongs to the change.
        times[part] = (begin + 1, time.monotonic() - start)
    for peer in peers:
        peer.ask("voice.leave")
        peer.ask("voice.sink")
        peer.stop()
    told = {}
    for peer in others:
        loud = strength(read(lab.path(f"{peer.name}.heard.wav")), HERTZ)
        # The sinks ran before the first part: the hum's first block marks its beginning.
        usual = sorted(loud)[int(len(loud) * 0.9)]
        first = next(i for i, v in enumerate(loud) if v > LOUD * usual)
        heard = told[peer.name] = {}
        for part, (begin, end) in times.items():
            blocks = loud[first + int(begin * 50) : first + int(end * 50) - 25]
            heard[part] = sorted(blocks)[len(blocks) // 2] / usual
        figure(f"heard by {peer.name}, of the usual", ", ".join(f"{p}: {v:.2f}" for p, v in heard.items()))
    return told


def only_the_one_whispered_to_hears(lab):
    (ada, bo, cy), _, room = room_of(lab, ["ada", "bo", "cy"])
    heard = heard_in_parts(lab, (ada, bo, cy), room, {
        "aloud": lambda: ada.ask("voice.set", whisper=[]),
        "whispered": lambda: ada.ask("voice.set", whisper=[bo.user]),
        "aloud again": lambda: ada.ask("voice.set", whisper=[]),
    })
    for parts in heard.values():
        assert parts["aloud"] > LOUD and parts["aloud again"] > LOUD, heard
    assert heard["bo"]["whispered"] > LOUD and heard["cy"]["whispered"] < SILENT, heard


def nobody_hears_who_was_muted_for_everyone(lab):
    (ada, bo, cy), community, room = room_of(lab, ["ada", "bo", "cy"])

    def mute(on):
        try:
            cy.ask("member.mute", community=community, user=bo.user, on=on)
            raise AssertionError("an equal muted bo")
        except Refused as refused:
            assert refused.code == "not_allowed", refused
        ada.ask("member.mute", community=community, user=bo.user, on=on)

    heard = heard_in_parts(lab, (bo, ada, cy), room, {
        "before": lambda: None,
        "muted": lambda: mute(True),
        "after": lambda: mute(False),
    })
    for parts in heard.values():
        assert parts["before"] > LOUD and parts["after"] > LOUD and parts["muted"] < SILENT, heard


if __name__ == "__main__":
    run(only_the_one_whispered_to_hears, nobody_hears_who_was_muted_for_everyone)
