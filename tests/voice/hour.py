#!/usr/bin/env python3
"""Eight people in a room for a long time, one of whom leaves and comes back every ten seconds: nothing grows, nobody falls.

Run by hand; MINUTES=60 for the real thing. Memory and the delay of each voice are looked at all the while; what they are
in the second sixth of the time is compared with the last.
"""

import os
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "net"))

from hums import all_at_once, start_humming
from lab import figure, run
from talk_in_a_room import in_touch, room_of, warnings

PEOPLE = 8
MINUTES = float(os.environ.get("MINUTES", "2"))
CHANGE_S = 10
AWAY_S = 2
LOOK_S = 1
ALLOWED = 1.1


def resident_mib(peer):
    with open(f"/proc/{peer.process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def delays_ms(peers):
    """Of every voice that is heard now."""
    return [s["delay_ms"] for p in peers for s in p.ask("voice.stats")["peers"] if s["delay_ms"] > 0]


def sixth(values, n):
    """The median of one sixth of what was seen over time."""
    return statistics.median(values[len(values) * n // 6:len(values) * (n + 1) // 6])


def nothing_grows(lab):
    peers, _, room = room_of(lab, [f"p{n}" for n in range(PEOPLE)])
    # What is heard is worked out and goes nowhere.
    all_at_once(peers, "voice.sink", lambda p: {"wav": os.devnull})
    for peer in peers:
        peer.ask("voice.join", channel=room)
    in_touch(peers)
    start_humming(lab, peers[:3])
    memory, delay = {p.name: [] for p in peers}, []
    start = time.monotonic()
    changes, away, next_change = 0, None, start + CHANGE_S
    while (now := time.monotonic()) < start + 60 * MINUTES:
        if away and now >= next_change - CHANGE_S + AWAY_S:
            away.ask("voice.join", channel=room)
            away = None
        elif now >= next_change:
            away = peers[changes % PEOPLE]
            away.ask("voice.leave")
            changes += 1
            next_change += CHANGE_S
        for peer in peers:
            assert peer.process.poll() is None, f"{peer.name} ended: {peer.tail()}"
            memory[peer.name].append(resident_mib(peer))
        seen = delays_ms([p for p in peers if p is not away])
        if seen:
            delay.append(statistics.median(seen))
        time.sleep(LOOK_S)
    figure("time, and how often one left and came back", f"{MINUTES:g} min, {changes}")
    growth = {name: sixth(seen, 5) / sixth(seen, 1) for name, seen in memory.items()}
    shown = lambda seen, unit: f"{sixth(seen, 1):.1f}, {sixth(seen, 5):.1f}, {max(seen):.1f} {unit}"
    for name, seen in memory.items():
        figure(f"{name}: memory in the second sixth, in the last, most", shown(seen, "MiB"))
    figure("delay of the voices in the second sixth, in the last, most", shown(delay, "ms"))
    figure("warnings of the call, and to how many", warnings(peers))
    figure("load", f"{os.getloadavg()[0]:.1f}")
    for peer in peers:
        with open(peer.log, errors="replace") as log:
            assert "panicked" not in log.read(), peer.tail()
    assert max(growth.values()) <= ALLOWED, growth
    assert sixth(delay, 5) <= ALLOWED * sixth(delay, 1), (sixth(delay, 1), sixth(delay, 5))


if __name__ == "__main__":
    run(nothing_grows)
