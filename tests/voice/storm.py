#!/usr/bin/env python3
"""Others come and go a hundred times in a minute; those who stay lose nobody, and whoever comes hears them.

Whoever misses a key does not hear whose it is, so each who stays for a while must hear every steady voice.
"""

import os
import random
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "net"))

from hums import BLOCK, FLOOR, NOTHING, PITCHES, RATE, all_at_once, heard_path, listen, silences, spread, start_humming
from hums import stop_listening
from lab import figure, run
from sound import read, strength
from talk_in_a_room import go_in, room_of, warnings

SEED = 7
STEADY = 5
GUESTS = 10
VISITS = 10
# Every guest comes once in so many seconds.
ROUND_S = 5.4
STAYS_S = (0.2, 4.8)
LOST_S = 0.3
# Whoever stays longer hears everybody.
STAY_S = 3.0


def plan(draw):
    """`(when, guest, visit, comes)` in order of time, and how long each visit is."""
    moves, stays = [], {}
    for guest in range(GUESTS):
        for visit in range(VISITS):
            comes = visit * ROUND_S + guest * ROUND_S / GUESTS
            stays[guest, visit] = draw.uniform(*STAYS_S)
            moves += [(comes, guest, visit, True), (comes + stays[guest, visit], guest, visit, False)]
    return sorted(moves), stays


def first_heard_s(heard, hertz, until_s):
    """When a hum was first heard for a fifth of a second on end; nothing if it was not."""
    loud = strength(heard[:int(until_s * RATE)], 6 * hertz, BLOCK)
    usual = sorted(v for v in loud if v > NOTHING)
    run = 0
    for at, v in enumerate(loud):
        run = run + 1 if usual and v >= FLOOR * usual[len(usual) // 2] else 0
        if run == 20:
            return (at - 19) * BLOCK / RATE
    return None


def steady_voices_through_a_storm(lab):
    peers, _, room = room_of(lab, [f"p{n}" for n in range(STEADY + GUESTS)])
    steady, guests = peers[:STEADY], peers[STEADY:]
    talkers = steady[:len(PITCHES)]
    go_in(lab, steady, room)
    # Sound starts with the first file; a visit of a moment is not to wait for it.
    listen(lab, guests, "before")
    start_humming(lab, talkers)
    time.sleep(3)
    listen(lab, steady, "storm")
    time.sleep(2)
    moves, stays = plan(random.Random(SEED))
    asked, late, sizes = [], 0.0, []
    start = time.monotonic()
    for when, guest, visit, comes in moves:
        time.sleep(max(0.0, start + when - time.monotonic()))
        late = max(late, time.monotonic() - start - when)
        peer = guests[guest]
        if comes:
            asked.append((peer, peer.post("voice.sink", wav=heard_path(lab, peer, visit))))
            asked.append((peer, peer.post("voice.join", channel=room)))
        else:
            asked.append((peer, peer.post("voice.leave")))
        sizes.append((sizes[-1] if sizes else STEADY) + (1 if comes else -1))
    took = time.monotonic() - start
    figure("load", f"{os.getloadavg()[0]:.1f}")
    for peer, request in asked:
        assert "ok" in peer.answer(request, 30), (peer.name, peer.answer(request))
    time.sleep(5)
    stop_listening(peers)
    figure("joins and leaves, in", f"{len(moves)}, {took:.1f} s, at most {late * 1000:.0f} ms late")
    figure("warnings of the call, and to how many", warnings(peers))
    figure("people in the room", f"{min(sizes)} to {max(sizes)}")
    gaps = silences(lab, steady, talkers, "storm")
    worst = max(gaps, key=gaps.get)
    figure(f"longest silences of {len(gaps)} steady voices at ears", f"{spread(gaps.values())} ({worst[0]} at {worst[1]})")
    waits, missed, short = [], [], 0
    for (guest, visit), stay in stays.items():
        heard = read(heard_path(lab, guests[guest], visit))
        for talker, hertz in zip(talkers, PITCHES):
            first = first_heard_s(heard, hertz, stay)
            if first is not None:
                waits.append(first)
            elif stay > STAY_S:
                missed.append(f"{guests[guest].name} on visit {visit + 1} of {stay:.1f} s: {talker.name}")
            else:
                short += 1
    long = sum(stay > STAY_S for stay in stays.values())
    figure("from coming in to the first of each steady voice", f"{spread(waits)}, {len(waits)} times")
    figure(f"voices not heard in {long} visits over {STAY_S:.0f} s, and in shorter ones", f"{len(missed)}, {short}")
    assert not missed, missed
    assert max(gaps.values()) <= LOST_S, max(gaps.values())


if __name__ == "__main__":
    run(steady_voices_through_a_storm)
