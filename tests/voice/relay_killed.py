#!/usr/bin/env python3
"""Twelve people talk through one of them, who is killed: everybody hears everybody again within two seconds.

KILLS=20 for a histogram worth the name.
"""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "net"))

from lab import figure, run, until
from peers import Peer
from sound import gap_s, hum, read, strength
from talk_in_a_room import in_touch, room_of

PEOPLE = int(os.environ.get("PEOPLE", "12"))
KILLS = int(os.environ.get("KILLS", "1"))
PITCHES = [110, 150, 190]
# Of what was heard before, what counts as silence.
FLOOR = 0.3
BOUND_S = 2.0


def the_relay_is_killed(lab):
    names = [f"p{n}" for n in range(PEOPLE)]
    peers, community, room = room_of(lab, names)
    for hertz in PITCHES:
        hum(lab.path(f"{hertz}.wav"), hertz, 5)
    gaps = []
    for kill in range(KILLS):
        for peer in peers:
            peer.ask("voice.sink", wav=str(lab.path(f"{peer.name}.{kill}.heard.wav")))
            peer.ask("voice.join", channel=room)
        until(lambda: len({p.ask("voice.stats")["relay"] for p in peers}) == 1 and peers[0].ask("voice.stats")["relay"], 30, "one relay")
        in_touch(peers)
        relay_user = peers[0].ask("voice.stats")["relay"]
        relay = next(p for p in peers if p.user == relay_user)
        talkers = [p for p in peers if p is not relay][:3]
        for peer, hertz in zip(talkers, PITCHES):
            peer.ask("voice.source", wav=str(lab.path(f"{hertz}.wav")), loop=True, process=False)
        time.sleep(4)
        relay.process.kill()
        time.sleep(4)
        rest = [p for p in peers if p is not relay]
        for peer in rest:
            peer.ask("voice.leave")
            peer.ask("voice.sink")
            peer.ask("voice.source")
        for peer in rest:
            heard = read(lab.path(f"{peer.name}.{kill}.heard.wav"))
            for talker, hertz in zip(talkers, PITCHES):
                if talker is not peer:
                    loud = strength(heard, 6 * hertz)
                    usual = sorted(v for v in loud if v > 100)
                    assert len(usual) > 300, f"{peer.name} heard {talker.name} for {len(usual) / 50:.1f} s"
                    gaps.append(gap_s(loud, FLOOR * usual[len(usual) // 2]))
        host = relay.host
        peers = rest + [Peer(lab, host, relay.name, home=relay.home)]
        until(lambda: all(len(p.linked()) >= 2 for p in peers), 20, "back again")
    gaps.sort()
    at = lambda share: gaps[min(len(gaps) - 1, int(len(gaps) * share))] * 1000
    figure(f"silence after {KILLS} kills, of {len(gaps)} voices at ears", f"p50 {at(0.5):.0f} ms, p95 {at(0.95):.0f} ms, most {gaps[-1] * 1000:.0f} ms")
    steps = [0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.5, 2.0]
    figure("histogram", ", ".join(f"<= {s * 1000:.0f} ms: {sum(g <= s for g in gaps)}" for s in steps))
    figure("load", f"{os.getloadavg()[0]:.1f}")
    assert gaps[-1] < BOUND_S, gaps[-1]


if __name__ == "__main__":
    run(the_relay_is_killed)
