#!/usr/bin/env python3
"""The founder is gone; a third person joins by a link and gets channels and history from another member."""

from lab import figure, run, until
from peers import Peer, agree

import time


def founded_then_left(lab):
    """A community of two with some history, whose founder has gone. Gives the rest, and a link of the founder's."""
    one, two, three = lab.lan("ada", "bo", "cy")
    ada, bo = Peer(lab, one, "ada"), Peer(lab, two, "bo")
    community, channel = ada.found("The Den")
    bo.join(ada.invite(community))
    ada.ask("channel.create", community=community, name="plans", kind="text")
    for n in range(40):
        author, reader = (ada, bo) if n % 2 else (bo, ada)
        line = author.send(channel, f"line {n}")
        reader.wait("message", 10, lambda e: e["message"]["message"] == line)
    until(lambda: len(bo.messages(channel)) == 40 and agree([ada, bo], community), 20, "two of one mind")
    link = ada.invite(community)
    until(lambda: agree([ada, bo], community), 20, "the invite is known")
    assert ada.stop() == 0
    return bo, three, community, channel, link


def whole(lab, bo, three, community, channel, link):
    cy = Peer(lab, three, "cy")
    start = time.monotonic()
    assert cy.join(link) == community
    figure("join without the founder", f"{(time.monotonic() - start) * 1000:.0f} ms")
    until(lambda: agree([bo, cy], community), 20, "equal heads")
    until(lambda: len(cy.seen(channel)) == 40, 5, "the history")
    assert cy.seen(channel) == bo.seen(channel)
    assert [row[3] for row in cy.seen(channel)] == [f"line {n}" for n in range(40)]
    assert {c["name"] for c in cy.ask("community.state", community=community)["channels"]} >= {"general", "plans", "lounge"}
    hello = cy.send(channel, "hello from the third")
    bo.wait("message", 10, lambda e: e["message"]["message"] == hello)


def by_a_link_of_a_member(lab):
    bo, three, community, channel, _ = founded_then_left(lab)
    whole(lab, bo, three, community, channel, bo.invite(community))


def by_a_link_of_the_founder(lab):
    whole(lab, *founded_then_left(lab))


if __name__ == "__main__":
    run(by_a_link_of_a_member, by_a_link_of_the_founder)
