#!/usr/bin/env python3
"""Twelve people talk through one of them, who leaves properly: another takes over, and nobody hears a gap.

Run by hand: it wants a machine that plays twelve voices without gaps of its own. Before each leave as long a time is
looked at in which nobody does; where that has a gap, the leave says nothing and is thrown away. LEAVES=5 for more than one.
"""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "net"))

from hums import all_at_once, listen, silences, spread, start_humming, stop_listening
from lab import figure, run
from relay_killed import the_relay
from talk_in_a_room import go_in, in_touch, room_of, warnings

PEOPLE = int(os.environ.get("PEOPLE", "12"))
LEAVES = int(os.environ.get("LEAVES", "1"))
TRIES = 3
# A shorter silence is none to an ear.
GAP_S = 0.06


def longest_silences(lab, peers, talkers, part, change):
    """The longest silences of the hums in seven seconds, after three of which something happens."""
    listen(lab, peers, part)
    time.sleep(3)
    change()
    time.sleep(4)
    stop_listening(peers)
    longest = silences(lab, peers, talkers, part)
    worst = max(longest, key=longest.get)
    figure(f"{part}: longest silences of {len(longest)} voices", f"{spread(longest.values())} ({worst[0]} at {worst[1]})")
    return list(longest.values())


def the_relay_leaves(lab):
    peers, _, room = room_of(lab, [f"p{n}" for n in range(PEOPLE)])
    go_in(lab, peers, room)
    gaps, looked = [], 0
    for leave in range(1, LEAVES * TRIES + 1):
        relay = the_relay(peers)
        rest = [p for p in peers if p is not relay]
        talkers = rest[:3]
        start_humming(lab, talkers)
        # Who hummed before keeps a place with the relay for two seconds.
        time.sleep(3)
        still = longest_silences(lab, rest, talkers, f"nobody leaves ({leave})", lambda: None)
        left = longest_silences(lab, rest, talkers, f"the relay leaves ({leave})", lambda: relay.ask("voice.leave"))
        if max(still) <= GAP_S:
            gaps += left
            looked += 1
        if looked == LEAVES:
            break
        all_at_once(talkers, "voice.source")
        listen(lab, [relay], "going in")
        relay.ask("voice.join", channel=room)
        in_touch(peers)
    figure("leaves that count, thrown away", f"{looked}, {leave - looked}")
    figure("load", f"{os.getloadavg()[0]:.1f}")
    told = warnings(peers)
    figure("warnings of the call, and to how many", told)
    assert not told, f"the relay left properly, yet people were told: {told}"
    assert gaps, f"every leave was thrown away, at a load of {os.getloadavg()[0]:.1f}"
    figure(f"silence of {len(gaps)} voices at ears", spread(gaps))
    assert max(gaps) <= GAP_S, f"{max(gaps) * 1000:.0f} ms"


if __name__ == "__main__":
    run(the_relay_leaves)
