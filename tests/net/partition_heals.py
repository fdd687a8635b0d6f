#!/usr/bin/env python3
"""Five peers are cut in two, both halves go on, and once the cable is back all of them hold the same within 5 s."""

import random

from lab import figure, run, until
from peers import Peer, agree

SEED = 7
NAMES = ["ada", "bo", "cy", "dee", "eli"]
HEALED_WITHIN_S = 5
NOTICED_WITHIN_S = 30


def gathered(lab, args):
    hosts = lab.lan(*NAMES)
    peers = [Peer(lab, host, name, args=args) for host, name in zip(hosts, NAMES)]
    community, channel = peers[0].found("The Den")
    link = peers[0].invite(community)
    for peer in peers[1:]:
        peer.join(link)
    until(lambda: agree(peers, community), 20, "five equal heads before the cut")
    return hosts, peers, community, channel


def cut_and_heal(lab, wait_for_silence, args=()):
    draw = random.Random(SEED)
    hosts, peers, community, channel = gathered(lab, args)
    opening = peers[0].send(channel, "before the cut")
    until(lambda: all(any(m["message"] == opening for m in p.messages(channel)) for p in peers), 10, "the first line")
    small, large = peers[:2], peers[2:]
    lab.cut(hosts[2:])
    if wait_for_silence:
        keys = {p.peer for p in large}
        _, took = until(lambda: not any(p.linked() & keys for p in small), NOTICED_WITHIN_S, "the cut is noticed")
        figure("cut to noticed", f"{took:.1f} s")

    written, reacted, made = {}, [], []
    for n in range(30):
        for half in (small, large):
            writer, reader = draw.sample(half, 2)
            message = writer.send(channel, f"{writer.name} {n}")
            written[message] = f"{writer.name} {n}"
            until(lambda: any(m["message"] == message for m in reader.messages(channel)), 10, "heard inside the half")
            reader.ask("message.react", message=message, emoji="👀", on=True)
            reacted.append((message, reader.user))
    for name in ("plans", "screenshots"):
        made.append(peers[0].ask("channel.create", community=community, name=name, kind="text")["channel"])
    until(lambda: agree(small, community) and agree(large, community), 20, "each half agrees with itself")
    assert agree(peers, community) is None, "the cut cut nothing"

    lab.heal(hosts[2:])
    _, took = until(lambda: agree(peers, community), 60, "five equal heads after the cut")
    figure("healed to equal heads", f"{took:.2f} s")
    views = [p.seen(channel) for p in peers]
    assert all(view == views[0] for view in views)
    rows = {row[0]: row for row in views[0]}
    assert {m: rows[m][3] for m in written if m in rows} == written, "a message is lost"
    for message, user in reacted:
        assert ("👀", (user,)) in rows[message][7], "a reaction is lost"
    for peer in peers:
        channels = {c["channel"] for c in peer.ask("community.state", community=community)["channels"]}
        assert set(made) <= channels, f"{peer.name} lacks a channel"
    assert took < HEALED_WITHIN_S, f"healed only after {took:.2f} s"


def a_short_cut_heals(lab):
    cut_and_heal(lab, wait_for_silence=False)


def a_cut_that_outlasts_the_links_heals(lab):
    cut_and_heal(lab, wait_for_silence=True)


def a_cut_heals_where_links_are_tcp(lab):
    cut_and_heal(lab, wait_for_silence=True, args=("--listen", "/ip4/0.0.0.0/tcp/0"))


if __name__ == "__main__":
    run(a_short_cut_heals, a_cut_that_outlasts_the_links_heals, a_cut_heals_where_links_are_tcp)
