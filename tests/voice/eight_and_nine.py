#!/usr/bin/env python3
"""Eight people talk straight to one another; a ninth comes and they talk through one of them, until enough have left.

Nobody is lost over either switch. Nine make a relayed call; it goes back when no more than six have been there for ten
seconds, so that a room of about eight does not go to and fro.
"""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "net"))

from hums import listen, silences, spread, start_humming, stop_listening
from lab import figure, run, until
from talk_in_a_room import go_in, in_touch, room_of

BOUND_S = 0.2
SETTLED_S = 4.0


def topologies(peers):
    return {p.ask("voice.stats")["topology"] for p in peers}


def over_the_switch(lab, peers, talkers, part, change, topology):
    """The longest silences of the hums while `change` makes the call run another way."""
    listen(lab, peers, part)
    time.sleep(SETTLED_S)
    start = time.monotonic()
    change()
    if topologies(peers) != {topology}:
        until(lambda: topologies(peers) == {topology}, 30, topology)
    took = time.monotonic() - start
    time.sleep(SETTLED_S)
    stop_listening(peers)
    gaps = silences(lab, peers, talkers, part)
    worst = max(gaps, key=gaps.get)
    figure(f"{part}: {topology} after", f"{took:.1f} s")
    figure(f"{part}: longest silences of {len(gaps)} voices at ears", f"{spread(gaps.values())} ({worst[0]} at {worst[1]})")
    return gaps


def nobody_is_lost_between_eight_and_nine(lab):
    peers, _, room = room_of(lab, [f"p{n}" for n in range(9)])
    eight, ninth = peers[:8], peers[8]
    go_in(lab, eight, room)
    assert topologies(eight) == {"mesh"}
    talkers = eight[:3]
    start_humming(lab, talkers)
    listen(lab, [ninth], "of the ninth")
    gaps = over_the_switch(lab, eight, talkers, "a ninth comes", lambda: ninth.ask("voice.join", channel=room), "relay")
    in_touch(peers)
    figure("the ninth heard each from when it first did", spread(silences(lab, [ninth], talkers, "of the ninth").values()))
    gaps |= {("ninth goes", *k): v for k, v in over_the_switch(
        lab, eight, talkers, "the ninth goes", lambda: ninth.ask("voice.leave"), "relay").items()}
    relay = eight[0].ask("voice.stats")["relay"]
    quiet = [p for p in eight if p not in talkers and p.user != relay]
    six = [p for p in eight if p not in quiet[:2]]

    def two_go():
        for peer in quiet[:2]:
            peer.ask("voice.leave")
    gaps |= {("two go", *k): v for k, v in over_the_switch(
        lab, six, talkers, "two more go", two_go, "mesh").items()}
    figure("load", f"{os.getloadavg()[0]:.1f}")
    assert max(gaps.values()) <= BOUND_S, max(gaps, key=gaps.get)


if __name__ == "__main__":
    run(nobody_is_lost_between_eight_and_nine)
