#!/usr/bin/env python3
"""A whisper is heard by the one it is meant for, and by nobody else; afterwards all hear again."""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "net"))

from lab import figure, run
from sound import hum, read, strength
from talk_in_a_room import in_touch, room_of

HERTZ = 6 * 110
# What counts as heard, and as silence, of the hum's strength while all hear.
LOUD, SILENT = 0.5, 0.05
PART_S = 3


def only_the_one_whispered_to_hears(lab):
    (ada, bo, cy), _, room = room_of(lab, ["ada", "bo", "cy"])
    hum(lab.path("hum.wav"), 110, 5)
    for peer in (ada, bo, cy):
        peer.ask("voice.sink", wav=str(lab.path(f"{peer.name}.heard.wav")))
        peer.ask("voice.join", channel=room)
    in_touch([ada, bo, cy])
    ada.ask("voice.source", wav=str(lab.path("hum.wav")), loop=True, process=False)
    parts = {}
    start = time.monotonic()
    for part, whisper in (("aloud", []), ("whispered", [bo.user]), ("aloud again", [])):
        ada.ask("voice.set", whisper=whisper)
        begin = time.monotonic() - start
        time.sleep(PART_S)
        # Its first second belongs to the change.
        parts[part] = (begin + 1, time.monotonic() - start)
    for peer in (ada, bo, cy):
        peer.ask("voice.leave")
        peer.ask("voice.sink")
        peer.stop()
    for peer in (bo, cy):
        loud = strength(read(lab.path(f"{peer.name}.heard.wav")), HERTZ)
        # The sinks ran before the first part: the hum's first block marks its beginning.
        usual = sorted(loud)[int(len(loud) * 0.9)]
        first = next(i for i, v in enumerate(loud) if v > LOUD * usual)
        heard = {}
        for part, (begin, end) in parts.items():
            blocks = loud[first + int(begin * 50) : first + int(end * 50) - 25]
            heard[part] = sorted(blocks)[len(blocks) // 2] / usual
        figure(f"heard by {peer.name}, of the usual", ", ".join(f"{p}: {v:.2f}" for p, v in heard.items()))
        assert heard["aloud"] > LOUD and heard["aloud again"] > LOUD, heard
        assert (heard["whispered"] > LOUD) == (peer is bo), heard
        assert peer is bo or heard["whispered"] < SILENT, heard


if __name__ == "__main__":
    run(only_the_one_whispered_to_hears)
