#!/usr/bin/env python3
"""Voice between two homes behind symmetric NAT: the voices go through a real TURN server, and only through it.

Each home has a router of its own that gives every connection a random port, so that no port learned from a server is of use
to anybody else. Real peers, real media and coturn; what passes on the outer side of both routers is captured and counted.

A call's messages travel on the link that two members have. The router of one home therefore lets one TCP port in, for that
link; no UDP from outside is ever let in. In the last check no port is let in at all: the homes have no link, and a member in
town, who has links to both and is not in the call, passes their sealed messages on.

Needs `turnserver`, `openssl`, `nft`, `ss`, `espeak-ng` and root. Not run by `make test`: it takes about 70 s, and on a busy
machine a voice can come through too broken to be matched.
"""

import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "net"))

from hums import heard_path
from lab import figure, run, skip, until
from peers import Peer, agree
from sound import best_match, envelope, read
from talk_in_a_room import ALIKE, go_in, talk, voice_room
from turn import turnserver

LINK = 4001  # The one TCP port that one router lets in.
LEAST = 200  # Packets of a voice to expect at least, each way: it speaks for some four seconds.

# Tells who sent it what: `ADDRESS PORT` of the sender as seen here.
ECHO = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("", 7000)); print("on", flush=True)
while True:
    _, who = s.recvfrom(99); s.sendto(f"{who[0]} {who[1]}".encode(), who)
"""
# One socket asks each address given how it looks from there.
ASK = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(3)
for address in sys.argv[1:]:
    s.sendto(b"?", (address, 7000)); print(s.recv(99).decode(), flush=True)
"""
# Counts packets by the address at the other end, the way, the protocol, the ports and whether it is STUN (RFC 8489), until
# its input ends.
CAPTURE = """
import collections, json, select, socket, struct, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3)); s.bind(("out", 3))
own, seen, size = sys.argv[1], collections.Counter(), collections.Counter()
print("on", flush=True)
while True:
    ready, _, _ = select.select([s, sys.stdin], [], [])
    if sys.stdin in ready:
        break
    data, where = s.recvfrom(65535)
    if data[0] >> 4 != 4 or where[2] == socket.PACKET_OTHERHOST or data[9] == 2:  # IGMP is the switch's own.
        continue
    head = (data[0] & 15) * 4
    body = data[head:]
    source, target = socket.inet_ntoa(data[12:16]), socket.inet_ntoa(data[16:20])
    way, other = ("out", target) if source == own else ("in", source)
    kind = {6: "tcp", 17: "udp"}.get(data[9], str(data[9]))
    ports = sorted(struct.unpack(">HH", body[:4])) if kind in ("tcp", "udp") else [0, 0]
    stun = kind == "udp" and len(body) >= 16 and body[8] < 4 and body[12:16] == bytes.fromhex("2112a442")
    key = (other, way, kind, *ports, stun)
    seen[key] += 1
    size[key] += len(data)
print(json.dumps([[*key, seen[key], size[key]] for key in seen]))
"""


class Capture:
    """What passes on the outer side of a router, from now on."""

    def __init__(self, lab, router):
        self.process = subprocess.Popen(
            router.command(sys.executable, "-c", CAPTURE, router.address),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        lab.at_end.append(self.process.kill)
        assert self.process.stdout.readline() == "on\n"

    def end(self):
        """`[(other address, way, protocol, lower port, higher port, whether STUN, packets, bytes)]`."""
        out, _ = self.process.communicate(timeout=10)
        return [tuple(row) for row in json.loads(out)]


def count(rows, way=None, at=-2, **wanted):
    """Packets of the rows that have these: `other`, `kind`, `port` (either) and `stun`."""
    total = 0
    for row in rows:
        other, row_way, kind, low, high, stun = row[:6]
        got = {"other": other, "kind": kind, "stun": stun}
        port = wanted.get("port")
        if way not in (None, row_way) or port not in (None, low, high):
            continue
        total += row[at] if all(got[k] == v for k, v in wanted.items() if k != "port") else 0
    return total


def told(rows):
    """The rows by what they are, for the reader."""
    sums = {}
    for other, way, kind, low, _, stun, packets, size in rows:
        name = f"{way} {other} {kind}{' ' + str(low) if low < 6000 else ''}{' STUN' if stun else ''}"
        before = sums.get(name, (0, 0))
        sums[name] = before[0] + packets, before[1] + size
    return "; ".join(f"{name}: {packets} packets, {size / 1000:.0f} kB" for name, (packets, size) in sorted(sums.items()))


def echo(lab, host):
    """From now on this host tells whoever asks how they look from here."""
    ear = subprocess.Popen(host.command(sys.executable, "-c", ECHO), stdout=subprocess.PIPE, text=True)
    lab.at_end.append(ear.kill)
    assert ear.stdout.readline() == "on\n"


def is_symmetric(host, router, public):
    """One socket shows every other address another port; gives them."""
    seen = host.sh(sys.executable, "-c", ASK, *(place.address for place in public)).stdout.split("\n")[:-1]
    assert all(line.split()[0] == router.address for line in seen), seen
    assert len(seen) == len(public) == len(set(seen)), f"not symmetric: {seen}"
    return [line.split()[1] for line in seen]


def homes(lab, scheme, hide, without_udp=False, closed=False):
    """Two in one call, each at home; checks that they hear each other, through the relay alone; gives both captures.

    With `closed` neither can be dialled, so that they have no link.
    """
    net = lab.bridge("net")
    relay, town = (lab.host(name, net, f"198.51.100.{n}/24") for n, name in enumerate(("relay", "town"), 1))
    left, west = lab.home("left", net, "198.51.100.11/24", 1, forward=None if closed else LINK)
    right, east = lab.home("right", net, "198.51.100.12/24", 2)
    # What goes to a home's inner addresses is lost in silence out there, and no error at whoever sends it.
    relay.sh("ip", "neigh", "add", "198.51.100.254", "lladdr", "02:00:00:00:00:01", "dev", "eth0", "nud", "permanent")
    relay.sh("ip", "route", "add", "default", "via", "198.51.100.254")
    for place in (relay, town):
        echo(lab, place)
    for host, router in ((left, west), (right, east)):
        ports = is_symmetric(host, router, (relay, town))
        figure(f"one socket of {host.name} as two others see it", f"ports {' and '.join(ports)}")
    if without_udp:
        for router in (west, east):
            router.nft('table ip cut { chain pass { type filter hook forward priority -10; meta l4proto udp drop; }; }')
    ca = turnserver(lab, relay)
    captures = [Capture(lab, router) for router in (west, east)]

    tcp = "/ip4/0.0.0.0/tcp/"
    voice = ["--ice-server", scheme.format(relay.address) + ",hearth,secret", "--ice-ca", ca]
    voice += ["--hide-address"] if hide else ["--ice-server", f"stun:{relay.address}:3478"]
    third = Peer(lab, town, "third", args=["--no-mdns", "--listen", f"{tcp}{LINK}"])
    community, _ = third.found("The Den")
    ann = Peer(lab, left, "ann", args=["--no-mdns", "--listen", f"{tcp}{LINK}", *voice])
    at_ann = ["--bootstrap", f"/ip4/{west.address}/tcp/{LINK}"]
    ben = Peer(lab, right, "ben", args=["--no-mdns", "--listen", f"{tcp}0", *at_ann, *voice])
    for peer in (ann, ben):
        peer.join(third.invite(community))
    until(lambda: agree([third, ann, ben], community), 30, "all of one mind")
    if not closed:
        until(lambda: ben.peer in ann.linked() and ann.peer in ben.linked(), 30, "a link between the homes")
    room = voice_room(ann, community)
    took_s = go_in(lab, [ann, ben], room)
    figure("from the joins to a way, load", f"{took_s:.1f} s, {os.getloadavg()[0]:.1f}")
    talking = [Capture(lab, router) for router in (west, east)]
    said = {name: envelope(samples) for name, samples in talk(lab, [ann, ben], "turns", at_once=2).items()}
    assert ways(ann, ben) == [["turn"], ["turn"]], ways(ann, ben)
    alike = {}
    for peer, other in ((ann, ben), (ben, ann)):
        heard = envelope(read(heard_path(lab, peer, "turns")))
        alike[peer.name], _ = best_match(said[other.name], heard, 2.0)
    figure("likeness of what was heard to what was said", ", ".join(f"{k} {v:.3f}" for k, v in alike.items()))
    assert min(alike.values()) >= ALIKE, alike
    stats = {p.name: p.ask("voice.stats")["peers"][0] for p in (ann, ben)}
    figure("blocks made up, of all played", {k: f"{s['concealed']} of {s['played']}" for k, s in stats.items()})

    west_saw, east_saw = (capture.end() for capture in captures)
    sides = zip(((west, east, west_saw), (east, west, east_saw)), (capture.end() for capture in talking))
    for (own, other, saw), while_talking in sides:
        figure(f"{own.address}", told(saw))
        strangers = {row[0] for row in saw} - {relay.address, town.address, other.address}
        assert not strangers, strangers
        # Between the homes there is the link, and of UDP at most the checks by which ICE found no way.
        straight = count(saw, other=other.address, kind="tcp")
        if closed:
            # A first packet has 60 bytes; a second one would need an answer.
            assert count(saw, at=-1, other=other.address, kind="tcp") <= 60 * straight, "a link between closed homes"
        else:
            assert straight == count(saw, other=other.address, kind="tcp", port=LINK)
        assert count(saw, other=other.address, kind="udp", stun=False) == 0, "something else than a check went straight"
        assert count(saw, other=town.address, kind="udp") == 0, "no media to who is not in the call"
        link = town.address if closed else other.address
        size = {way: count(while_talking, way, -1, other=link, kind="tcp") for way in ("in", "out")}
        media = {way: count(while_talking, way, -1, other=relay.address) for way in ("in", "out")}
        figure("bytes while talking, by the link and by the relay", f"{size} and {media}")
        assert all(media[way] > 4 * size[way] for way in size), f"the link carries too much: {size} beside {media}"
    if closed:
        assert ann.linked() == ben.linked() == {third.peer}, "a link of their own"
    for peer in (ann, ben, third):
        assert peer.stop() == 0
    return relay, ((west, east, west_saw), (east, west, east_saw))


def ways(*peers):
    """How each hears the others."""
    return [[p["route"] for p in peer.ask("voice.stats")["peers"]] for peer in peers]


def no_straight_way_is_found_and_the_relay_carries_it(lab):
    relay, sides = homes(lab, "turn:{}:3478", hide=False)
    for _, other, saw in sides:
        for way in ("in", "out"):
            got = count(saw, way, other=relay.address, kind="udp")
            assert got > LEAST, f"{got} packets {way}"
        assert count(saw, "out", other=other.address, kind="udp", stun=True) > 0, "a straight way was not even tried"


def a_hidden_address_is_shown_to_the_relay_alone(lab):
    relay, sides = homes(lab, "turn:{}:3478", hide=True)
    for _, other, saw in sides:
        for way in ("in", "out"):
            got = count(saw, way, other=relay.address, kind="udp")
            assert got > LEAST, f"{got} packets {way}"
            assert got == count(saw, way, other=relay.address, kind="udp", port=3478), "past the relay's own port"
        assert count(saw, other=other.address) == count(saw, other=other.address, kind="tcp", port=LINK)


def over_tls_where_udp_is_dropped(lab):
    relay, sides = homes(lab, "turns:{}:5349", hide=False, without_udp=True)
    for _, _, saw in sides:
        assert count(saw, kind="udp") == 0, "UDP got out"
        for way in ("in", "out"):
            got = count(saw, way, other=relay.address, kind="tcp", port=5349)
            assert got > LEAST, f"{got} packets {way}"


def without_a_link_of_their_own_a_member_in_town_passes_their_messages_on(lab):
    relay, sides = homes(lab, "turn:{}:3478", hide=False, closed=True)
    for _, _, saw in sides:
        for way in ("in", "out"):
            got = count(saw, way, other=relay.address, kind="udp")
            assert got > LEAST, f"{got} packets {way}"


if __name__ == "__main__":
    for tool in ("turnserver", "openssl", "nft", "ss", "espeak-ng"):
        if not shutil.which(tool):
            skip(f"{tool} is not installed")
    if os.geteuid() != 0:
        skip("needs root")
    run(
        no_straight_way_is_found_and_the_relay_carries_it,
        a_hidden_address_is_shown_to_the_relay_alone,
        over_tls_where_udp_is_dropped,
        without_a_link_of_their_own_a_member_in_town_passes_their_messages_on,
    )
