#!/usr/bin/env python3
"""Voice on a network that lets no UDP through and has no relay server: the media goes straight, over TCP (RFC 6544).

Needs `nft`, `espeak-ng` and root.
"""

import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "net"))

from hums import heard_path
from lab import figure, run, skip, until
from peers import Peer, agree
from sound import best_match, envelope, read
from symmetric_nat import ways
from talk_in_a_room import ALIKE, go_in, talk, voice_room

PORT = 4001
NO_UDP = "table inet cut { chain in { type filter hook input priority -10; meta l4proto udp counter drop; }; }"


def between_two_without_udp(lab):
    hosts = lab.lan("left", "right")
    for host in hosts:
        host.nft(NO_UDP)
    tcp = "/ip4/0.0.0.0/tcp/"
    ann = Peer(lab, hosts[0], "ann", args=["--no-mdns", "--listen", f"{tcp}{PORT}"])
    at_ann = ["--bootstrap", f"/ip4/{hosts[0].address}/tcp/{PORT}"]
    ben = Peer(lab, hosts[1], "ben", args=["--no-mdns", "--listen", f"{tcp}0", *at_ann])
    community, _ = ann.found("The Den")
    ben.join(ann.invite(community))
    until(lambda: agree([ann, ben], community), 30, "both of one mind")
    room = voice_room(ann, community)
    took_s = go_in(lab, [ann, ben], room)
    figure("from the joins to a way, load", f"{took_s:.1f} s, {os.getloadavg()[0]:.1f}")
    said = {name: envelope(samples) for name, samples in talk(lab, [ann, ben], "turns", at_once=2).items()}
    assert ways(ann, ben) == [["lan"], ["lan"]], ways(ann, ben)
    alike = {}
    for peer, other in ((ann, ben), (ben, ann)):
        heard = envelope(read(heard_path(lab, peer, "turns")))
        alike[peer.name], _ = best_match(said[other.name], heard, 2.0)
    figure("likeness of what was heard to what was said", ", ".join(f"{k} {v:.3f}" for k, v in alike.items()))
    dropped = [host.sh("nft", "list", "chain", "inet", "cut", "in").stdout.split("packets ")[1].split()[0] for host in hosts]
    figure("packets of UDP that were dropped", " and ".join(dropped))
    assert all(int(packets) for packets in dropped), "UDP was not even tried"
    assert min(alike.values()) >= ALIKE, alike
    for peer in (ann, ben):
        assert peer.stop() == 0


if __name__ == "__main__":
    for tool in ("nft", "espeak-ng"):
        if not shutil.which(tool):
            skip(f"{tool} is not installed")
    if os.geteuid() != 0:
        skip("needs root")
    run(between_two_without_udp)
