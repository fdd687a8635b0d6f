#!/usr/bin/env python3
"""People in a voice room hear each other: real peers, real media, files for microphones and speakers."""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "net"))

from lab import figure, run, until
from peers import Peer, agree
from sound import best_match, envelope, need_espeak, read, speech

TURN_S = 5.5
ALIKE = 0.75


def room_of(lab, names):
    """Everybody of a new community, linked and in its voice room."""
    hosts = lab.lan(*names)
    peers = [Peer(lab, host, name) for host, name in zip(hosts, names)]
    community, _ = peers[0].found("The Den")
    link = peers[0].invite(community)
    for peer in peers[1:]:
        peer.join(link)
    until(lambda: agree(peers, community), 30, "all of one mind")
    channels = peers[0].ask("community.state", community=community)["channels"]
    room = next(c["channel"] for c in channels if c["kind"] == "voice")
    return peers, community, room


def in_touch(peers):
    """Everybody has a way to everybody."""
    names = {p.user: p.name for p in peers}

    def lacking():
        stats = {p.name: p.ask("voice.stats")["peers"] for p in peers}
        ways = {name: {names.get(o["user"]): o["route"] for o in s} for name, s in stats.items()}
        return {
            f"{name} to {other}" for name in ways for other in ways if name != other and not ways[name].get(other)
        }
    try:
        until(lambda: not lacking(), 30, "a way to everybody")
    except AssertionError as late:
        raise AssertionError(f"no way within 30 s: {sorted(lacking())}; {[(p.name, names.get(p.ask('voice.stats')['relay'])) for p in peers]}") from late


def everybody_hears_everybody(lab, count, at_once=1):
    need_espeak()
    names = [f"p{n}" for n in range(count)]
    peers, _, room = room_of(lab, names)
    start = time.monotonic()
    for peer in peers:
        # Nothing of this machine's microphones, if it has any.
        peer.ask("voice.sink", wav=str(lab.path(f"{peer.name}.heard.wav")))
        peer.ask("voice.join", channel=room)
    in_touch(peers)
    figure(f"{count} people, from the first join to a way to everybody", f"{time.monotonic() - start:.1f} s")
    total_s = (count + at_once - 1) // at_once * TURN_S + 3
    said = {}
    for n, peer in enumerate(peers):
        path = lab.path(f"{peer.name}.said.wav")
        said[peer.name] = envelope(speech(path, n, 1 + n // at_once * TURN_S, total_s))
    for peer in peers:
        peer.ask("voice.source", wav=str(lab.path(f"{peer.name}.said.wav")), process=False)
    time.sleep(total_s + 1)
    stats = {p.name: p.ask("voice.stats") for p in peers}
    ways = {s["topology"] for s in stats.values()}
    assert ways == {"relay" if count > 8 else "mesh"}, ways
    assert len({s["safety_code"] for s in stats.values()}) == 1, "one safety code"
    for peer in peers:
        peer.ask("voice.leave")
        peer.stop()
    worst = 1.0
    for peer in peers:
        heard = envelope(read(lab.path(f"{peer.name}.heard.wav")))
        for other in peers:
            if other is not peer:
                alike, lag = best_match(said[other.name], heard)
                worst = min(worst, alike)
                assert alike >= ALIKE, f"{peer.name} hears {other.name}: {alike:.2f} at {lag} s"
    blocks = [s for stat in stats.values() for s in stat["peers"]]
    concealed = sum(s["concealed"] for s in blocks)
    figure("least likeness of what was heard to what was said", f"{worst:.3f}")
    figure("blocks made up, of all played", f"{concealed} of {sum(s['played'] for s in blocks)}")
    figure("topology, load", f"{next(iter(stats.values()))['topology']}, {os.getloadavg()[0]:.1f}")


def two_people(lab):
    everybody_hears_everybody(lab, 2)


def four_people(lab):
    everybody_hears_everybody(lab, 4)


def nine_people_through_one(lab):
    everybody_hears_everybody(lab, 9)


if __name__ == "__main__":
    run(two_people, four_people, nine_people_through_one)
