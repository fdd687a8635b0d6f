#!/usr/bin/env python3
"""Two people on one switch, from empty folders to a chat: name, create, copy link; name, paste link; talk.

Keys wherever they lead there, clicks where a hand would reach for the mouse. Three screens of each are kept as pictures.
"""

import time

from desktop import Desktop, need_tools
from lab import figure, run, until
from peers import Peer, agree

LINES = [("ada", "Hello Bo, welcome to the den"), ("bo", "Hi Ada! No server, and it just works"), ("ada", "See you tonight?"), ("bo", "Count me in")]

# From the start of the program to reading what the other one wrote.
CHATTING_S = 60

# Where things stand in a window of 1280x720.
COMMUNITY_MENU = (172, 24)
INVITE_PEOPLE = (150, 74)
# The accent of assets/theme/dark.ron, in which the one main button of a dialog is drawn.
ACCENT = bytes.fromhex("f08a4b")


def name_oneself(desk, name):
    """First screen: the name field has the focus."""
    desk.settle()
    before = desk.pixels()
    desk.type(name)
    desk.settle(after=before)
    desk.shot("1-name")
    before = desk.pixels()
    desk.key("Return")
    desk.settle(after=before)


def found_a_community(desk, name):
    """Second screen: the link field has the focus, and starting a community is the next stop."""
    before = desk.pixels()
    desk.keys_at_once("Tab", "Return")
    desk.settle(after=before)
    before = desk.pixels()
    desk.type(name)
    desk.settle(after=before)
    desk.shot("2-create")
    before = desk.pixels()
    desk.key("Return")
    desk.settle(after=before)


def copy_link(desk):
    """From the main screen: the community's menu, its first entry, the button beside the link."""
    for point in (COMMUNITY_MENU, INVITE_PEOPLE):
        before = desk.pixels()
        desk.click(*point)
        desk.settle(after=before)
    desk.settle()
    button, _ = until(lambda: desk.block(ACCENT, 70, 100), 10, "the button that copies the link")
    desk.shot("2b-invite")
    desk.click(*button)
    link, _ = until(lambda: (text := desk.copied()).startswith(("mesh://", "https://")) and text, 10, "a link on the clipboard")
    before = desk.pixels()
    desk.key("Escape")
    desk.settle(after=before)
    return link


def paste_link(desk, link):
    """Second screen: the link field has the focus."""
    desk.shot("2-offered")
    before = desk.pixels()
    desk.key("ctrl+v")
    desk.settle(after=before)
    desk.shot("2-join")
    before = desk.pixels()
    desk.key("Return")
    desk.settle(after=before)


def texts(desk):
    """What the running client has in its first community's first channel."""
    communities = desk.ctl("community.list")["communities"]
    channels = communities and desk.ctl("community.state", f"community={communities[0]['community']}")["channels"]
    general = next((c["channel"] for c in channels if c["name"] == "general"), None)
    return [m["text"] for m in desk.ctl("message.list", f"channel={general}")["messages"]] if general else []


def two_windows_chat_from_empty_folders(lab):
    need_tools()
    left, right = lab.lan("ada", "bo")
    desks = {"ada": Desktop(lab, left, "ada"), "bo": Desktop(lab, right, "bo")}
    ada, bo = desks["ada"], desks["bo"]
    figure("start to window", f"{ada.shown_after:.2f} s and {bo.shown_after:.2f} s")
    name_oneself(ada, "Ada")
    found_a_community(ada, "The Den")
    link = copy_link(ada)
    bo.put_on_clipboard(link)
    name_oneself(bo, "Bo")
    paste_link(bo, link)
    said = []
    chatting = {}
    for who, text in LINES:
        reader = bo if who == "ada" else ada
        before = reader.pixels()
        desks[who].type(text)
        desks[who].key("Return")
        said.append(text)
        for name, desk in desks.items():
            until(lambda: texts(desk) == said, 20, f"{said} in {name}'s client")
        reader.settle(after=before)
        chatting.setdefault(reader.name, time.monotonic() - reader.started)
    for name, took in sorted(chatting.items()):
        figure(f"{name}, from start to the first line read", f"{took:.1f} s")
        assert took < CHATTING_S
    for desk in desks.values():
        until(lambda: desk.ctl("net.status")["health"] == "fine", 40, f"{desk.name} to be connected")
        desk.settle()
        desk.shot("3-chat")
    for desk in desks.values():
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
