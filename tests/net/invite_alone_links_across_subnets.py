#!/usr/bin/env python3
"""Two peers in two routed subnets without multicast have nothing but an invite link, and that is enough."""

import time

from lab import figure, run, until
from peers import Peer, agree

EACH = 50


def chat_both_ways_ends_equal(lab):
    left, right = lab.routed("ada", "bo")
    ada, bo = Peer(lab, left, "ada", args=["--no-mdns"]), Peer(lab, right, "bo", args=["--no-mdns"])
    community, channel = ada.found("The Den")
    link = ada.invite(community)
    assert not bo.linked(), "they must not know each other before the link"
    start = time.monotonic()
    assert bo.join(link) == community
    figure("join by link", f"{(time.monotonic() - start) * 1000:.0f} ms")
    assert bo.channel(community) == channel

    sent = {ada: [], bo: []}
    for n in range(EACH):
        for peer in (ada, bo):
            answering = sent[ada][-1] if n % 5 == 4 else None
            if answering and peer is bo:
                bo.wait("message", 10, lambda e: e["message"]["message"] == answering)
            sent[peer].append(peer.send(channel, f"{peer.name} {n} · häßlich ✓", answering))
    for me, other in ((ada, bo), (bo, ada)):
        until(lambda: len(other.messages(channel)) == 2 * EACH, 20, "all messages there")
        for n, message in enumerate(sent[me]):
            if n % 5 == 0:
                me.ask("message.edit", message=message, text=f"{me.name} {n}, mended")
            if n % 7 == 3:
                me.ask("message.delete", message=message)
        for n, message in enumerate(sent[other]):
            if n % 3 == 0:
                me.ask("message.react", message=message, emoji="🔥" if n % 2 else "👍", on=True)
            if n % 6 == 0:
                me.ask("message.react", message=message, emoji="👍", on=False)
    _, took = until(lambda: agree([ada, bo], community), 20, "equal heads")
    figure("last act to equal heads", f"{took * 1000:.0f} ms")
    assert ada.seen(channel) == bo.seen(channel)
    rows = {row[0]: row for row in ada.seen(channel)}
    assert len(rows) == 2 * EACH
    for me in (ada, bo):
        for n, message in enumerate(sent[me]):
            _, author, _, text, _, edited, deleted, reactions = rows[message]
            assert author == me.user
            assert deleted == (n % 7 == 3)
            if deleted:
                assert text == ""
            else:
                assert edited == (n % 5 == 0)
                assert text == (f"{me.name} {n}, mended" if edited else f"{me.name} {n} · häßlich ✓"), text
                other = bo if me is ada else ada
                wanted = "🔥" if n % 3 == 0 and n % 2 else None  # every 👍 was taken back
                assert reactions == ([(wanted, (other.user,))] if wanted else []), (n, reactions)


def a_foreign_hand_changes_nothing(lab):
    left, right = lab.routed("ada", "bo")
    ada, bo = Peer(lab, left, "ada", args=["--no-mdns"]), Peer(lab, right, "bo", args=["--no-mdns"])
    community, channel = ada.found("The Den")
    bo.join(ada.invite(community))
    message = ada.send(channel, "mine")
    bo.wait("message", 10, lambda e: e["message"]["message"] == message)
    assert bo.refused("message.edit", message=message, text="yours").code == "not_allowed"
    assert bo.refused("message.delete", message=message).code == "not_allowed"
    theirs = bo.send(channel, "bo's own")
    ada.wait("message", 10, lambda e: e["message"]["message"] == theirs)
    ada.ask("message.delete", message=theirs)
    until(lambda: next(m for m in bo.messages(channel) if m["message"] == theirs)["deleted"], 10, "deleted by the owner")


def a_restarted_peer_finds_the_other_by_itself(lab):
    left, right = lab.routed("ada", "bo")
    ada, bo = Peer(lab, left, "ada", args=["--no-mdns"]), Peer(lab, right, "bo", args=["--no-mdns"])
    community, channel = ada.found("The Den")
    bo.join(ada.invite(community))
    assert bo.stop() == 0
    missed = ada.send(channel, "while you were out")
    again = Peer(lab, right, "bo", args=["--no-mdns"])
    until(lambda: ada.peer in again.linked(), 10, "linked again")
    figure("start to first link, warm", f"{(time.monotonic() - again.started) * 1000:.0f} ms")
    until(lambda: any(m["message"] == missed for m in again.messages(channel)), 10, "the missed message")
    until(lambda: agree([ada, again], community), 10, "equal heads")


if __name__ == "__main__":
    run(chat_both_ways_ends_equal, a_foreign_hand_changes_nothing, a_restarted_peer_finds_the_other_by_itself)
