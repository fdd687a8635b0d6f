#!/usr/bin/env python3
"""People in a voice room hear each other: real peers, real media, files for microphones and speakers."""

import collections
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "net"))

from hums import all_at_once, heard_path, listen, stop_listening
from lab import figure, run, until
from peers import Peer, agree
from sound import best_match, envelope, need_espeak, read, speech

TURN_S = 5.5
ALIKE = 0.8


def room_of(lab, names, guest=None):
    """Everybody of a new community, linked, and its voice room; `guest` makes one more member, who stands last."""
    hosts = lab.lan(*names, *(["guest"] if guest else []))
    peers = [Peer(lab, host, name) for host, name in zip(hosts, names)]
    peers += [guest(lab, hosts[-1])] if guest else []
    community, _ = peers[0].found("The Den")
    link = peers[0].invite(community)
    for peer in peers[1:]:
        peer.join(link)
    until(lambda: agree(peers, community), 30, "all of one mind")
    return peers, community, voice_room(peers[0], community)


def voice_room(peer, community):
    """The first voice room of a community."""
    channels = peer.ask("community.state", community=community)["channels"]
    return next(c["channel"] for c in channels if c["kind"] == "voice")


def warnings(peers):
    """What was said of the call as such, and to how many."""
    told = collections.Counter()
    for peer in peers:
        told.update({e["message"] for e in peer.events if e["event"] == "warning" and e["code"] == "call"})
    return dict(told)


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
        relays = {p.name: names.get(p.ask("voice.stats")["relay"]) for p in peers}
        raise AssertionError(f"no way within 30 s: {sorted(lacking())}; relays {relays}; {warnings(peers)}") from late


def go_in(lab, peers, room):
    """Everybody goes in and finds a way to everybody; gives the seconds it took."""
    # Nothing of this machine's speakers, if it has any.
    listen(lab, peers, "going in")
    start = time.monotonic()
    for peer in peers:
        peer.ask("voice.join", channel=room)
    in_touch(peers)
    return time.monotonic() - start


def talk(lab, peers, part, at_once=1, turn_s=TURN_S):
    """Each says a line, so many at a time, and what each hears is written; gives what each said."""
    total_s = (len(peers) + at_once - 1) // at_once * turn_s + 3
    said = {}
    for n, peer in enumerate(peers):
        said[peer.name] = speech(said_path(lab, peer, part), n, 1 + n // at_once * turn_s, total_s)
    listen(lab, peers, part)
    all_at_once(peers, "voice.source", lambda p: {"wav": said_path(lab, p, part), "process": False})
    time.sleep(total_s + 1)
    stop_listening(peers)
    return said


def said_path(lab, peer, part):
    return lab.path(f"{peer.name}.{part}.said.wav")


def everybody_hears_everybody(lab, count):
    need_espeak()
    names = [f"p{n}" for n in range(count)]
    peers, _, room = room_of(lab, names)
    figure(f"{count} people, from the first join to a way to everybody", f"{go_in(lab, peers, room):.1f} s")
    said = {name: envelope(samples) for name, samples in talk(lab, peers, "turns").items()}
    stats = {p.name: p.ask("voice.stats") for p in peers}
    ways = {s["topology"] for s in stats.values()}
    assert ways == {"relay" if count > 8 else "mesh"}, ways
    assert len({s["safety_code"] for s in stats.values()}) == 1, "one safety code"
    for peer in peers:
        peer.ask("voice.leave")
        peer.stop()
    worst = 1.0
    for peer in peers:
        heard = envelope(read(heard_path(lab, peer, "turns")))
        for other in peers:
            if other is not peer:
                alike, lag = best_match(said[other.name], heard, 2.0)
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
