#!/usr/bin/env python3
"""Two people on one switch, from empty folders to a chat: name, create, copy link; name, paste link; talk.

Everything is done by keyboard, and three screens of each are kept as pictures.
"""

import time

from desktop import Desktop, need_tools
from lab import figure, run, until
from peers import Peer, agree

LINES = [("ada", "Hello Bo, welcome to the den"), ("bo", "Hi Ada! No server, and it just works"), ("ada", "See you tonight?"), ("bo", "Count me in")]

# Keys on the second screen that lead to the field for a new community's name, and on the main one that copy its link.
CREATE_KEYS = ["Tab", "Tab"]
COPY_LINK_KEYS = ["ctrl+shift+i"]


def name_oneself(desk, name):
    """First screen: the name field has the focus."""
    desk.settle()
    desk.type(name)
    desk.shot("1-name")
    before = desk.pixels()
    desk.key("Return")
    desk.settle(after=before)


def found_a_community(desk, name):
    """Second screen: the link field has the focus; the other card's name field is two stops on."""
    desk.key(*CREATE_KEYS)
    desk.type(name)
    desk.shot("2-create")
    before = desk.pixels()
    desk.key("Return")
    desk.settle(after=before)


def copy_link(desk):
    """From the main screen, the invite link of the community shown."""
    desk.key(*COPY_LINK_KEYS)
    return until(lambda: (text := desk.copied()).startswith(("mesh://", "https://")) and text, 10, "a link on the clipboard")[0]


def paste_link(desk, link):
    """Second screen: the link field has the focus."""
    desk.put_on_clipboard(link)
    desk.key("ctrl+v")
    desk.shot("2-join")
    before = desk.pixels()
    desk.key("Return")
    desk.settle(after=before)


def two_windows_chat_from_empty_folders(lab):
    need_tools()
    left, right = lab.lan("ada", "bo")
    desks = {"ada": Desktop(lab, left, "ada"), "bo": Desktop(lab, right, "bo")}
    ada, bo = desks["ada"], desks["bo"]
    figure("start to window", f"{ada.shown_after:.2f} s and {bo.shown_after:.2f} s")
    start = time.monotonic()
    name_oneself(ada, "Ada")
    found_a_community(ada, "The Den")
    link = copy_link(ada)
    name_oneself(bo, "Bo")
    paste_link(bo, link)
    for who, text in LINES:
        reader = bo if who == "ada" else ada
        before = reader.pixels()
        desks[who].type(text)
        desks[who].key("Return")
        reader.settle(after=before)
    figure("both from empty folders to four lines", f"{time.monotonic() - start:.1f} s")
    for desk in desks.values():
        desk.shot("3-chat")
        assert desk.ctl("net.status")["health"] == "fine"
        desk.quit()

    # What the windows wrote, read by another program from the same folders.
    peers = [Peer(lab, desk.host, desk.name, home=desk.home) for desk in desks.values()]
    community = peers[0].ask("community.list")["communities"][0]["community"]
    until(lambda: agree(peers, community), 20, "equal heads")
    channel = peers[0].channel(community)
    assert [m["text"] for m in peers[0].messages(channel)] == [text for _, text in LINES]
    assert peers[0].seen(channel) == peers[1].seen(channel)


if __name__ == "__main__":
    run(two_windows_chat_from_empty_folders)
